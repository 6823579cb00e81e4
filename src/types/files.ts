// Parameters and results of the file API.

/** Options of an upload. */
export type FileOpts = {
  /** The content type. Default: the type of the `File` or `Blob`. */
  contentType?: string;
  contentDisposition?: string;
  /** Size in bytes. Required for streams, which do not know their size. */
  fileSize?: number;
};

export type UploadFileResponse = { data: { id: string } };

/** `id` is null if the file did not exist. */
export type DeleteFileResponse = { data: { id: string | null } };
