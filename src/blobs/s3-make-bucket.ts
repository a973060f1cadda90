import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";

export type S3Keys = { readonly accessKeyId: string; readonly secretAccessKey: string };

/** For a server of our own, with keys of its own. One that is ours already is as good. */
export async function makeS3Bucket(endpoint: string, bucket: string, credentials: S3Keys): Promise<void> {
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "BucketAlreadyOwnedByYou") throw error;
  } finally {
    client.destroy();
  }
}
