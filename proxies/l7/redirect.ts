/** The Location of a redirect: the URL that was asked for, with what the route says otherwise. */
import type { Redirect, RouteMatch } from '../config/intent.ts';
import type { Field } from '../http/field-block.ts';
import type { RequestHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { isAuthorityText, pathOf } from '../http/target.ts';

const DEFAULT_PORTS = { http: ':80', https: ':443' } as const;
const DISPLAYABLE = /^\/[\x21-\x7e]*$/;

/** `secure`: clients come by https. `fields`: further ones. Throws `TypeError` for what no Location may say. */
export function compileRedirect(
  redirect: Redirect,
  match: RouteMatch,
  secure: boolean,
  fields: readonly Field[],
): (head: RequestHead) => Reply {
  const { status = 301, host, port, path, prefixRewrite, stripQuery = false } = redirect;
  if (host !== undefined && !isAuthorityText(host)) throw new TypeError(`redirect.host: "${host}" is no host`);
  for (const text of [path, prefixRewrite])
    if (text !== undefined && !DISPLAYABLE.test(text)) throw new TypeError(`redirect: "${text}" is no path`);
  const came = secure ? 'https' : 'http';
  const scheme = redirect.scheme ?? came;
  const covered = match.path?.value.length ?? 0;
  return (head) => {
    const [asked, query] = askedOf(head);
    const kept = stripQuery ? '' : query;
    const to =
      path !== undefined
        ? path + (path.includes('?') ? '' : kept)
        : (prefixRewrite === undefined ? asked : prefixRewrite + pathOf(head).slice(covered)) + kept;
    const authority = host ?? withoutPort(head, scheme === came ? undefined : DEFAULT_PORTS[came], port !== undefined);
    const at = port === undefined ? '' : `:${port}`;
    return { status, body: '', fields: [...fields, ['Location', `${scheme}://${authority}${at}${to}`]] };
  };
}

/** Path and query as they came; of an absolute URL without what stands before the path. */
function askedOf(head: RequestHead): [path: string, query: string] {
  const target = head.text(head.targetStart, head.targetEnd).replace(/^[a-z]+:\/\/[^/?]*/i, '');
  const at = target.indexOf('?');
  const path = at === -1 ? target : target.slice(0, at);
  return [path.startsWith('/') ? path : '/', at === -1 ? '' : target.slice(at)];
}

/** The host that was asked for, without its port where that is `dropped`, or `anyPort` is to go. */
function withoutPort(head: RequestHead, dropped: string | undefined, anyPort: boolean): string {
  const authority = head.text(head.authorityStart, head.authorityEnd);
  const port = /:\d*$/.exec(authority)?.[0];
  return port !== undefined && (anyPort || port === dropped) ? authority.slice(0, -port.length) : authority;
}
