import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import sharp from "sharp";
import { z } from "zod";
import { defineActions, type BlobHandle } from "../../src/index.ts"; // in a project of yours: from "tanda"

// Tanda has a thread for each core already.
sharp.concurrency(1);

/** A caller sends the link that his bytes were put under; the handler gets something to read. */
const blob = z.custom<BlobHandle>(
  (value) => typeof (value as { $blob?: unknown } | null)?.$blob === "string",
) as unknown as z.ZodType<BlobHandle, { $blob: string; bytes?: number }>;

export default defineActions({
  thumbnail: {
    description: "Makes a small picture of a large one, and the checksum of the original.",
    input: z.object({ image: blob, width: z.int().min(1).max(4000).default(200) }),
    timeout: "1m",
    run: async ({ image, width }, context) => {
      context.progress({ step: "reading", bytes: image.bytes });
      const hash = createHash("sha256");
      await pipeline(await image.stream(), hash);
      context.signal.throwIfAborted();

      context.progress({ step: "resizing" });
      const { data, info } = await sharp(await image.buffer())
        .rotate() // as the camera was held
        .resize({ width, withoutEnlargement: true })
        .webp({ quality: 80 })
        .toBuffer({ resolveWithObject: true });

      const thumbnail = await context.blob(data, { type: "image/webp" });
      return { sha256: hash.digest("hex"), width: info.width, height: info.height, thumbnail };
    },
  },
});
