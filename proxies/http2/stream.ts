/** A stream (RFC 9113 §5.1), as two halves that each have a head, a body and an end. */

/** What one side has sent of its message: nothing final; its head; all of it. */
export const HEAD = 0;
export const BODY = 1;
export const DONE = 2;

/** Streams are pooled: after `onClose` the object belongs to another stream. */
export class Http2Stream<Owner> {
  /** 0 while it is in the pool. */
  id = 0;
  /** Whatever the owner of the connection keeps with the stream. */
  owner: Owner | undefined;
  /** Both DONE: closed. One DONE: half-closed. */
  receiving = HEAD;
  sending = HEAD;

  /** Bytes that we may send; negative after the peer has made its initial window smaller. */
  sendWindow = 0;
  /** The owner has been refused bytes: for want of stream window, or waiting its turn in the connection's queue. */
  isBlocked = false;
  isQueued = false;

  /** Bytes that the peer may send. */
  receiveWindow = 0;
  /** Bytes that the owner has not consumed yet, and those consumed that the peer has not been told of. */
  unconsumed = 0;
  owed = 0;
  /** As Content-Length announced, and so far; -1: it did not. */
  contentLength = -1;
  received = 0;
  /** Client: the answer has no content, whatever its fields say. */
  isHeadRequest = false;

  begin(id: number, sendWindow: number, receiveWindow: number): void {
    this.id = id;
    this.receiving = this.sending = HEAD;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.isBlocked = this.isQueued = this.isHeadRequest = false;
    this.unconsumed = this.owed = this.received = 0;
    this.contentLength = -1;
  }
}
