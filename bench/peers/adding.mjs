/** Adds so many tasks, a thousand at a time, two lots under way at once. */
export async function addInLots(total, addLot) {
  let left = total;
  const lane = async () => {
    while (left > 0) {
      const size = Math.min(1000, left);
      left -= size;
      await addLot(size);
    }
  };
  await Promise.all([lane(), lane()]);
}
