/** Requests that this hop answers itself, whatever routes say. */
import { EXPECT, VIA } from '../http/fields.ts';
import { maxForwards } from '../http/forwarding.ts';
import { CONNECT, NO_BODY, OPTIONS, type RequestHead, TRACE } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';

/** `isLoop`: this proxy is its own client. `pseudonym`: its name in Via. */
export function refusalOf(head: RequestHead, isLoop: boolean, pseudonym: string | undefined): Reply | undefined {
  if (isLoop || namesUs(head, pseudonym)) return { status: 508 };
  if (head.method === CONNECT && head.body !== NO_BODY) return { status: 400 };
  if ((head.seen & (1 << EXPECT)) !== 0 && head.minor === 1) {
    if (head.value(head.find(EXPECT)).toLowerCase() !== '100-continue') return { status: 417 };
  }
  if ((head.method === OPTIONS || head.method === TRACE) && maxForwards(head) === 0) {
    return head.method === OPTIONS ? { status: 200, body: '' } : { status: 405, fields: [['Allow', 'OPTIONS']] };
  }
  return undefined;
}

/** Whether a request has come through this proxy before (RFC 9110 §7.6.3). */
function namesUs(head: RequestHead, pseudonym: string | undefined): boolean {
  if (pseudonym === undefined || (head.seen & (1 << VIA)) === 0) return false;
  const own = pseudonym.toLowerCase();
  return (head.list(VIA) ?? '').split(',').some(
    (hop) =>
      hop
        .trim()
        .split(/[ \t]+/)[1]
        ?.toLowerCase() === own,
  );
}
