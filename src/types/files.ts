// What the calls that keep files take and give.

/** What is to be known of a file besides its path and its bytes. */
export type FileOpts = {
  /** The type the file itself names, unless one is given. */
  contentType?: string;
  contentDisposition?: string;
  /** In bytes. For streams, which do not know. */
  fileSize?: number;
};

export type UploadFileResponse = { data: { id: string } };

/** `id` is null if there was no such file. */
export type DeleteFileResponse = { data: { id: string | null } };
