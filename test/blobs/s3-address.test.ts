import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { parseS3Address } from "../../src/blobs/s3-address.ts";

test("an address names the bucket, and how its server wants to be asked", () => {
  assert.deepEqual(parseS3Address("s3://my-bucket"), {
    bucket: "my-bucket",
    prefix: "",
    endpoint: null,
    region: null,
    isPathStyle: false,
  });
  assert.deepEqual(parseS3Address("s3://b.1x/a/b_c/?endpoint=http://127.0.0.1:9000/&region=eu-west-1"), {
    bucket: "b.1x",
    prefix: "a/b_c/",
    endpoint: "http://127.0.0.1:9000",
    region: "eu-west-1",
    isPathStyle: true,
  });
  assert.equal(parseS3Address("s3://bucket?endpoint=https://s3.example&pathStyle=false").isPathStyle, false);
  assert.equal(parseS3Address("s3://bucket?pathStyle=true").isPathStyle, true);
});

test("what cannot be an address is refused with the form that it should have", () => {
  for (const text of [
    "",
    "bucket",
    "http://bucket",
    "s3://",
    "s3://B",
    "s3://Upper_case",
    "s3://bucket#x",
    "s3://bucket/a//b",
    "s3://bucket/sp ace",
    "s3://bucket?endpoint=ftp://x",
    "s3://bucket?endpoint=nowhere",
    "s3://bucket?endpoint=http://x/?y=1",
    "s3://bucket?region=a%20b",
    "s3://bucket?pathStyle=yes",
    "s3://bucket?colour=red",
    "s3://bucket?region=a&region=b",
  ]) {
    assert.throws(
      () => parseS3Address(text),
      (error: { code: string; hint: string }) => {
        assert.equal(error.code, "bad_request", text);
        assert.match(error.hint, /s3:\/\/BUCKET\/PREFIX\?endpoint=URL.*AWS_SECRET_ACCESS_KEY/);
        return true;
      },
      text,
    );
  }
});

test("a secret in an address is refused, and not said again", () => {
  for (const text of [
    "s3://AKIASECRET:sEcReT@bucket",
    "s3://bucket?secret=sEcReT",
    "s3://bucket?secretAccessKey=sEcReT",
    "s3://bucket?sEcReT=1",
    "s3://bucket?endpoint=http://AKIASECRET:sEcReT@127.0.0.1",
    "s3://bucket#sEcReT",
    "s3://bucket?region=sEcReT/+",
  ]) {
    assert.throws(
      () => parseS3Address(text),
      (error: Error) => {
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /sEcReT|AKIASECRET/);
        return true;
      },
      text,
    );
  }
});
