/** Upgrade to another protocol (RFC 9110 §7.8): what of it goes on, and which answer to it is one. */
import { UPGRADE } from './fields.ts';
import { type FieldTable, NO_BODY, type RequestHead, type ResponseHead } from './head.ts';

/** Protocols that would carry requests past everything that is checked here: an upgrade may be ignored, and these are. */
const PASSING_BY = /^(h2c?|http|tls)(\/|$)/i;

/** The members of Upgrade. */
const protocolsOf = (head: FieldTable): string[] =>
  (head.list(UPGRADE) ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');

/**
 * What a request asks to upgrade to, as it goes on; undefined: nothing. An upgrade with a body is none: the request is served as it is,
 * as §7.8 lets everyone do.
 */
export function askedUpgrade(head: RequestHead): string | undefined {
  if (!head.upgrade || (head.seen & (1 << UPGRADE)) === 0 || head.minor !== 1 || head.body !== NO_BODY)
    return undefined;
  const protocols = protocolsOf(head).filter((protocol) => !PASSING_BY.test(protocol));
  return protocols.length > 0 ? protocols.join(', ') : undefined;
}

/** Whether a 101 says that it switches to what was `asked` for, and to nothing else. */
export function switchesTo(head: ResponseHead, asked: string | undefined): boolean {
  if (asked === undefined || !head.upgrade) return false;
  const offered = asked.toLowerCase().split(', ');
  const chosen = protocolsOf(head);
  return chosen.length > 0 && chosen.every((protocol) => offered.includes(protocol.toLowerCase()));
}
