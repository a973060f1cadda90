/**
 * Things under task ids. A Map would be right as well, but it enters every key into the engine's table of all names first, and
 * where thousands come and go a second it makes its own table anew all the time: of all that happens to a short task that was
 * among the dearest. This one looks at a few characters of an id, and takes out without leaving holes. What it gives comes in
 * no order.
 */
const FIRST_PLACES = 64;
/** At most a half is taken, so that what is looked for lies a step or two from where its hash says. */
const MOST_TAKEN = 1 / 2;
/** With less than this it is made smaller, unless it is small: a flood must not cost memory for ever, nor every wave a new table. */
const LEAST_TAKEN = 1 / 32;
const SMALL_PLACES = 32_768;
/** So far from its own place nothing lies by chance. */
const FAR = 128;

export class TaskMap<T> {
  /** Id, thing, id, thing …: what is looked at together lies together. */
  #places: (string | T | undefined)[] = empty(FIRST_PLACES);
  #mask = FIRST_PLACES - 1;
  #size = 0;
  /** Clients may name their tasks, and choose names that are alike where they are looked at: then all of a name is. */
  #isWary = false;
  readonly #seed = Math.floor(Math.random() * 2 ** 32) | 0;

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#places[this.#find(id)] !== undefined;
  }

  get(id: string): T | undefined {
    return this.#places[this.#find(id) + 1] as T | undefined;
  }

  /** @returns false when something is there already: it stays. */
  add(id: string, thing: T): boolean {
    const at = this.#find(id);
    if (this.#places[at] !== undefined) return false;
    this.#places[at] = id;
    this.#places[at + 1] = thing;
    this.#size++;
    const places = this.#mask + 1;
    if (this.#size > places * MOST_TAKEN) this.#rebuild(places * 2);
    else if (!this.#isWary && this.#stepsOf(id, at) > FAR) {
      this.#isWary = true;
      this.#rebuild(places);
    }
    return true;
  }

  set(id: string, thing: T): void {
    if (!this.add(id, thing)) this.#places[this.#find(id) + 1] = thing;
  }

  /** @returns what was there. */
  delete(id: string): T | undefined {
    const at = this.#find(id);
    if (this.#places[at] === undefined) return undefined;
    const thing = this.#places[at + 1] as T;
    this.#close(at);
    this.#size--;
    const places = this.#mask + 1;
    if (places > SMALL_PLACES && this.#size < places * LEAST_TAKEN) this.#rebuild(places / 4);
    return thing;
  }

  clear(): void {
    this.#places = empty(FIRST_PLACES);
    this.#mask = FIRST_PLACES - 1;
    this.#size = 0;
  }

  /** As it is now; a copy. For what is done seldom: it looks at every place. */
  keys(): string[] {
    return this.#places.filter((id, at): id is string => (at & 1) === 0 && id !== undefined);
  }

  /** As {@link keys}. */
  values(): T[] {
    return this.#places.filter((_, at): _ is T => (at & 1) === 1 && this.#places[at - 1] !== undefined);
  }

  /** Where it lies, or where it would. */
  #find(id: string): number {
    const places = this.#places;
    let place = this.#ownPlace(id);
    for (;;) {
      const here = places[place * 2];
      if (here === undefined || here === id) return place * 2;
      place = (place + 1) & this.#mask;
    }
  }

  #ownPlace(id: string): number {
    return (this.#isWary ? hashOfAll(id, this.#seed) : hashOfSome(id)) & this.#mask;
  }

  #stepsOf(id: string, at: number): number {
    return (at / 2 - this.#ownPlace(id)) & this.#mask;
  }

  /** What lies behind moves up, as far as that takes nothing before its own place. */
  #close(hole: number): void {
    const places = this.#places;
    const end = this.#mask * 2 + 1;
    for (let at = (hole + 2) & end; places[at] !== undefined; at = (at + 2) & end) {
      if (this.#stepsOf(places[at] as string, at) < ((at - hole) & end) / 2) continue;
      places[hole] = places[at];
      places[hole + 1] = places[at + 1];
      hole = at;
    }
    places[hole] = undefined;
    places[hole + 1] = undefined;
  }

  #rebuild(size: number): void {
    const old = this.#places;
    this.#places = empty(size);
    this.#mask = size - 1;
    for (let from = 0; from < old.length; from += 2) {
      const id = old[from] as string | undefined;
      if (id === undefined) continue;
      const at = this.#find(id);
      this.#places[at] = id;
      this.#places[at + 1] = old[from + 1];
    }
  }
}

/** In ids of one maker the milliseconds and the counter differ (see id.ts), in those of several also the end. */
function hashOfSome(id: string): number {
  const time = id.charCodeAt(10) | (id.charCodeAt(11) << 8) | (id.charCodeAt(12) << 16);
  const counter = id.charCodeAt(15) | (id.charCodeAt(16) << 8) | (id.charCodeAt(17) << 16);
  const chance = id.charCodeAt(33) | (id.charCodeAt(34) << 8) | (id.charCodeAt(35) << 16);
  const mixed = Math.imul(Math.imul(time, 0x2c1b3c6d) ^ counter ^ (chance << 7), 0x297a2d39);
  return mixed ^ (mixed >>> 15);
}

function hashOfAll(id: string, seed: number): number {
  let mixed = seed;
  for (let at = 0; at < id.length; at++) mixed = Math.imul(mixed ^ id.charCodeAt(at), 0x01000193);
  return mixed ^ (mixed >>> 15);
}

function empty(places: number): undefined[] {
  return Array.from<undefined>({ length: places * 2 });
}
