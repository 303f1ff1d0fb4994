/**
 * Heads as HTTP/1.1 writes them for the next hop, after `removeFields`, routes and filters have edited them. Runs of field lines that
 * go through are copied as they are.
 */
import type { FieldBlock } from './field-block.ts';
import {
  CONTENT_LENGTH,
  forwardingFields,
  framingFields,
  HOST,
  hopFields,
  OTHER,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from './fields.ts';
import {
  acceptsTrailers,
  addMetadata,
  expectsContinue,
  type FieldSink,
  type Metadata,
  nextMaxForwards,
  viaField,
} from './forwarding.ts';
import { CHUNKED, type FieldTable, type RequestHead, type ResponseHead } from './head.ts';
import { latin1 } from './octets.ts';

const bit = (id: number): number => 1 << id;
const DROPPED_FROM_REQUESTS = hopFields | forwardingFields | bit(TRANSFER_ENCODING);
const DROPPED_FROM_RESPONSES = hopFields | bit(TRANSFER_ENCODING);

/** Known fields that do not go on, as a bit set, for whoever walks the fields (`isDropped`). */
export const requestDrops = (head: RequestHead): number => allDrops(head, DROPPED_FROM_REQUESTS | head.removed);
export const responseDrops = (head: ResponseHead): number => allDrops(head, ofResponse(head));

const ofResponse = (head: ResponseHead): number =>
  hasLength(head) ? DROPPED_FROM_RESPONSES : DROPPED_FROM_RESPONSES | bit(CONTENT_LENGTH);

function allDrops(head: FieldTable, drop: number): number {
  const anew = head.lengthAnew ? bit(CONTENT_LENGTH) : 0;
  return drop | anew | (head.nominated & ~framingFields) | (head.edits?.drop ?? 0);
}

/** Field lines, one after the other. */
class Lines implements FieldSink {
  text = '';

  add(name: string, value: string): void {
    this.text += `${name}: ${value}\r\n`;
  }

  addBlock(block: FieldBlock): void {
    this.text += block.lines;
  }
}

const lines = new Lines();

/** The request head for an HTTP/1.1 origin, empty line included. */
export function reissueRequest(head: RequestHead, metadata: Metadata): string {
  const { edits, host, relative } = head;
  const ownHost = host !== undefined || head.form === 'absolute' || (head.seen & bit(HOST)) === 0;
  const drop = DROPPED_FROM_REQUESTS | head.removed | (ownHost ? bit(HOST) : 0);
  let text: string;
  if (relative === undefined && head.minor === 1 && head.form !== 'absolute' && !ownHost) {
    text = keep(head, head.start, drop);
  } else {
    const target = relative ?? head.text(head.targetStart, head.targetEnd);
    text = `${head.text(head.start, head.methodEnd)} ${target} HTTP/1.1\r\n`;
    if (ownHost) text += `Host: ${host ?? head.text(head.authorityStart, head.authorityEnd)}\r\n`;
    text += keep(head, head.fieldsStart, drop);
  }
  if (head.body === CHUNKED) text += 'Transfer-Encoding: chunked\r\n';
  if (head.lengthAnew) text += lengthLine(head);
  if ((head.seen & hopFields) !== 0) text += hopLines(head);
  if (edits === undefined && !metadata.trusted) return text + endOf(head, metadata);
  return `${text}${metadataLines(head, metadata)}${edits?.added.lines ?? ''}${viaField(head, metadata.via).lines}\r\n`;
}

function metadataLines(head: RequestHead, metadata: Metadata): string {
  lines.text = '';
  addMetadata(head, metadata, lines);
  return lines.text;
}

/** What we add where the peer's own word does not count, which depends on the host that was asked for alone. */
function endOf(head: RequestHead, metadata: Metadata): string {
  const { last } = metadata;
  const via = viaField(head, metadata.via);
  const { authorityStart: start, authorityEnd: end } = head;
  if (last !== undefined && last.via === via && head.isText(start, end, last.authority)) return last.lines;
  const made = `${metadataLines(head, metadata)}${via.lines}\r\n`;
  metadata.last = { authority: head.text(start, end), via, lines: whole(made) };
  return made;
}

/** A string in one piece: one that was put together is put together again with each that it is part of. */
const whole = (text: string): string => latin1(Buffer.from(text, 'latin1'), 0, text.length);

function hopLines(head: RequestHead): string {
  let text = '';
  let options = '';
  if (expectsContinue(head)) text = 'Expect: 100-continue\r\n';
  if ((head.seen & bit(TE)) !== 0 && acceptsTrailers(head)) {
    text += 'TE: trailers\r\n';
    options = 'TE';
  }
  if (head.upgradeTo !== undefined) {
    text += `Upgrade: ${head.upgradeTo}\r\n`;
    options = options === '' ? 'Upgrade' : `${options}, Upgrade`;
  }
  if (options !== '') text += `Connection: ${options}\r\n`;
  const hops = nextMaxForwards(head);
  return hops === undefined ? text : `${text}Max-Forwards: ${hops}\r\n`;
}

/** Whether a response head can go through as the bytes that it is, were nothing added. */
export function isIntact(head: ResponseHead): boolean {
  return (
    (head.seen & DROPPED_FROM_RESPONSES) === 0 &&
    head.lineIntact &&
    !head.irregular &&
    !head.lengthAnew &&
    head.nominatedNames === undefined &&
    head.edits === undefined &&
    hasLength(head)
  );
}

/** Content-Length may stand in it: RFC 9110 §8.6 forbids that of 1xx and 204. */
export const hasLength = ({ status }: ResponseHead): boolean => status >= 200 && status !== 204;

/** The response head for an HTTP/1.x client, empty line included. `own`: field lines of ours, for framing, Connection and Via. */
export function reissueResponse(head: ResponseHead, own: string): string {
  const drop = ofResponse(head);
  let text = '';
  if (!head.lineIntact) {
    const reason = head.text(head.start + 12, head.fieldsStart).trim();
    text = `HTTP/1.1 ${head.status} ${reason}\r\n`;
  }
  text += keep(head, head.lineIntact ? head.start : head.fieldsStart, drop);
  if (head.lengthAnew && hasLength(head)) text += lengthLine(head);
  return head.edits === undefined ? `${text}${own}\r\n` : `${text}${head.edits.added.lines}${own}\r\n`;
}

const lengthLine = ({ contentLength }: FieldTable): string =>
  contentLength < 0 ? '' : `Content-Length: ${contentLength}\r\n`;

/** For a 101: the Upgrade field, which passes with an option of its own. */
export function upgradeLines(head: ResponseHead): string {
  return `Upgrade: ${head.list(UPGRADE) ?? ''}\r\nConnection: Upgrade\r\n`;
}

/** The bytes from `from` (start line or fields) to the empty line, without the fields that are dropped. */
function keep(head: FieldTable, from: number, drop: number): string {
  const { edits, nominatedNames: names } = head;
  const all = allDrops(head, drop);
  if ((head.seen & all) === 0 && names === undefined && edits === undefined && !head.irregular) {
    return head.text(from, head.end - 2);
  }
  if (head.irregular) return keepIrregular(head, from, all);
  let text = '';
  let run = from;
  for (let index = 0; index < head.count; index++) {
    if (!isDropped(head, index, all)) continue;
    const start = head.offsets[index * 4]!;
    if (start > run) text += head.text(run, start);
    run = head.lineEnd(index);
  }
  return head.end - 2 > run ? text + head.text(run, head.end - 2) : text;
}

function keepIrregular(head: FieldTable, from: number, drop: number): string {
  let text = head.text(from, head.fieldsStart);
  for (let index = 0; index < head.count; index++) {
    if (isDropped(head, index, drop)) continue;
    text += `${head.name(index)}: ${head.value(index)}\r\n`;
  }
  return text;
}

/** Whether a field does not go on. `drop`: as `requestDrops` and `responseDrops` say. */
export function isDropped(head: FieldTable, index: number, drop: number): boolean {
  const { edits, nominatedNames: names } = head;
  const id = head.ids[index]!;
  if (id !== OTHER) return (drop & bit(id)) !== 0;
  if (names === undefined && edits === undefined) return false;
  const name = head.name(index);
  return names?.includes(name) === true || edits?.dropNames.has(name) === true;
}
