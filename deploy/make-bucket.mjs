// Makes the bucket of TANDA_BLOBS where there is none. Run in the image, beside its node_modules, before the nodes start.
import { CreateBucketCommand, HeadBucketCommand, S3Client } from "@aws-sdk/client-s3";

const TRIES = 30;
const REST_MS = 1000;

const url = new URL(process.env.TANDA_BLOBS ?? "");
const Bucket = url.hostname;
const endpoint = url.searchParams.get("endpoint");
const client = new S3Client({
  region: url.searchParams.get("region") ?? process.env.AWS_REGION ?? "us-east-1",
  maxAttempts: 1,
  ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
});

for (let left = TRIES; ; left--) {
  try {
    await client.send(new HeadBucketCommand({ Bucket }));
    process.stdout.write(`the bucket ${Bucket} is there\n`);
    break;
  } catch (error) {
    if (error.$metadata?.httpStatusCode === 404) {
      try {
        await client.send(new CreateBucketCommand({ Bucket }));
        continue;
      } catch (refused) {
        if (left === 1) throw refused;
      }
    } else if (left === 1) throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
}
