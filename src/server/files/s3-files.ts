// A file store in an S3 bucket or any compatible service, using the AWS SDK, which is loaded with the first file. Uploads are multipart and
// streamed; the SDK aborts failed ones.

import { Readable } from 'node:stream';
import { TriplaneError } from '../../errors.ts';
import type { FileStore, ListedFile } from './file-store.ts';

export interface S3Options {
  readonly bucket: string;
  /** Prefix of every key. */
  readonly prefix?: string;
  /** Default: AWS_REGION, else 'us-east-1'. */
  readonly region?: string;
  /** For services other than Amazon's. */
  readonly endpoint?: string;
  /** Bucket in the path rather than in the host name. Default: true if an endpoint is given. */
  readonly forcePathStyle?: boolean;
  /** Default: found by the AWS SDK, in environment variables for instance. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

const partBytes = 8 * 1024 * 1024;

/**
 * Stores files in an S3 bucket. Needs the packages `@aws-sdk/client-s3` and `@aws-sdk/lib-storage`.
 *
 * @example
 * const server = await createServer({ storage, files: s3Files({ bucket: 'my-files', region: 'eu-central-1' }) });
 */
export function s3Files(options: S3Options): FileStore {
  const { bucket, prefix = '' } = options;
  let loading: ReturnType<typeof load> | undefined;
  const loaded = (): ReturnType<typeof load> => (loading ??= load(options));
  const place = (appId: string, key: string) => ({ Bucket: bucket, Key: `${prefix}${appId}/${key}` });
  return {
    async write(appId, location, body) {
      const { client, Upload } = await loaded();
      let size = 0;
      let failure: { readonly cause: unknown } | undefined;
      const counted = async function* (): AsyncIterable<Uint8Array> {
        try {
          for await (const chunk of body) {
            size += chunk.byteLength;
            yield chunk;
          }
        } catch (cause) {
          failure = { cause };
          throw cause;
        }
      };
      const params = { ...place(appId, location), Body: Readable.from(counted(), { objectMode: false }) };
      await new Upload({ client, params, partSize: partBytes, queueSize: 2 }).done().catch((error: unknown) => {
        // Reports the first failure rather than that of the abort.
        throw failure ? failure.cause : error;
      });
      return { key: location, size };
    },
    async read(appId, key, range) {
      const { client, GetObjectCommand } = await loaded();
      const bytes = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
      if (range && range.end < range.start) return new ReadableStream({ start: (controller) => controller.close() });
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...place(appId, key), ...bytes }));
        return Body?.transformToWebStream() as ReadableStream<Uint8Array> | undefined;
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async remove(appId, key) {
      const { client, DeleteObjectCommand } = await loaded();
      await client.send(new DeleteObjectCommand(place(appId, key)));
    },
    async *list(appId): AsyncIterable<ListedFile> {
      const { client, ListObjectsV2Command } = await loaded();
      const { Bucket, Key: Prefix } = place(appId, '');
      for (let token: string | undefined; ;) {
        const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix, ...(token && { ContinuationToken: token }) }));
        for (const { Key = '', LastModified } of page.Contents ?? []) {
          const key = Key.slice(Prefix.length);
          yield { key, location: key, at: LastModified?.getTime() ?? Date.now() };
        }
        token = page.NextContinuationToken;
        if (token === undefined) return;
      }
    },
  };
}

async function load({ region, endpoint, forcePathStyle, credentials }: S3Options) {
  const [s3, storage] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]).catch((cause: unknown) => {
    const message = 's3Files needs the packages @aws-sdk/client-s3 and @aws-sdk/lib-storage: npm install them';
    throw new TriplaneError('dependency-missing', message, { cause });
  });
  const client = new s3.S3Client({
    region: region ?? process.env['AWS_REGION'] ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: forcePathStyle ?? endpoint !== undefined,
    ...(credentials && { credentials }),
  });
  const { GetObjectCommand, DeleteObjectCommand, ListObjectsV2Command } = s3;
  return { client, Upload: storage.Upload, GetObjectCommand, DeleteObjectCommand, ListObjectsV2Command };
}
