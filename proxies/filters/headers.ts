/** Header edits of a route: of the request, and of the origin's answer to it. Answers of our own have them by their route. */
import type { HeaderEdit } from '../config/intent.ts';
import { compileEdits, type Edits } from '../http/edits.ts';
import type { RequestHead, ResponseHead } from '../http/head.ts';
import type { ClientSide, ImpliedFilter } from './contract.ts';
import { PassingClient } from './passing.ts';

interface HeaderEdits {
  readonly request: readonly HeaderEdit[];
  readonly response: readonly HeaderEdit[];
}

class EditedResponse extends PassingClient {
  readonly #edits: Edits;

  constructor(next: ClientSide, edits: Edits) {
    super(next);
    this.#edits = edits;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    head.edit(this.#edits);
    return this.next.respond(head, start, end, complete);
  }
}

function edited(head: RequestHead, edits: Edits): undefined {
  head.edit(edits);
}

export const filter: ImpliedFilter<HeaderEdits> = {
  name: 'headers',
  configuredBy(_intent, route) {
    if (route?.action.kind !== 'forward') return undefined;
    const { requestHeaders: request = [], responseHeaders: response = [] } = route;
    return request.length + response.length === 0 ? undefined : { request, response };
  },
  create(config) {
    const request = compileEdits(config.request);
    const response = compileEdits(config.response);
    return {
      ...(request && { request: (head) => edited(head, request) }),
      ...(response && { response: (side) => new EditedResponse(side, response) }),
    };
  },
};
