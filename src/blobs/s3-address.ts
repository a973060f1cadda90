/**
 * `s3://bucket/prefix?endpoint=URL&region=NAME&pathStyle=true`. A secret has no place in it: it would be seen in `ps`, in logs and
 * by every thread. So nothing of a refused address is told again but the names of what may be written.
 */
import { TandaError } from "../task/errors.ts";

export type S3Address = {
  readonly bucket: string;
  /** "" or ending in a slash: what every key begins with. */
  readonly prefix: string;
  /** Null: Amazon's own. */
  readonly endpoint: string | null;
  /** Null: what AWS_REGION or the profile says. */
  readonly region: string | null;
  /** The bucket in the path, as most servers but Amazon's want it, instead of in the host's name. */
  readonly isPathStyle: boolean;
};

const BUCKET_FORM = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX_FORM = /^[\w.-]+(?:\/[\w.-]+)*$/;
const REGION_FORM = /^[a-z0-9-]{1,40}$/i;
const PARAMETERS = ["endpoint", "region", "pathStyle"];
const FORM = "s3://BUCKET/PREFIX?endpoint=URL&region=NAME&pathStyle=true|false";
const ENVIRONMENT = "Credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";

/** @throws bad_request */
export function parseS3Address(text: string): S3Address {
  const url = urlOf(text);
  if (url === null || url.protocol !== "s3:") throw refused("is not an s3:// address");
  if (url.username !== "" || url.password !== "") throw refused("must not hold credentials");
  if (!BUCKET_FORM.test(url.host)) throw refused("names no bucket");
  if (url.hash !== "") throw refused("has a #");
  const names = [...url.searchParams.keys()];
  if (names.some((name) => !PARAMETERS.includes(name)))
    throw refused(`has a parameter other than ${PARAMETERS.join(", ")}`);
  if (new Set(names).size < names.length) throw refused("has a parameter twice");
  const path = url.pathname.replace(/^\/|\/$/g, "");
  if (path !== "" && !PREFIX_FORM.test(path))
    throw refused("has a prefix with other than letters, digits, . _ - and / in it");
  const region = url.searchParams.get("region");
  if (region !== null && !REGION_FORM.test(region)) throw refused("has a region that cannot be one");
  const endpoint = endpointOf(url.searchParams.get("endpoint"));
  return {
    bucket: url.host,
    prefix: path === "" ? "" : `${path}/`,
    endpoint,
    region,
    isPathStyle: flagOf(url.searchParams.get("pathStyle")) ?? endpoint !== null,
  };
}

function endpointOf(text: string | null): string | null {
  if (text === null) return null;
  const url = urlOf(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw refused("has an endpoint that is no http:// or https:// address");
  if (url.username !== "" || url.password !== "") throw refused("must not hold credentials");
  if (url.search !== "" || url.hash !== "")
    throw refused("has an endpoint with more than host, port and path");
  return url.href.replace(/\/$/, "");
}

function flagOf(text: string | null): boolean | null {
  if (text === null) return null;
  if (text !== "true" && text !== "false") throw refused("has a pathStyle other than true or false");
  return text === "true";
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function refused(why: string): TandaError {
  return new TandaError("bad_request", `The address of the blobs ${why}.`, {
    hint: `It has the form ${FORM}. ${ENVIRONMENT}`,
  });
}
