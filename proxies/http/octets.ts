/** Classes of octets, one table each, as RFC 9110 §5.6 and RFC 3986 draw them. */
export const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const COMMA = 44;
export const SLASH = 47;
export const COLON = 58;
export const SEMICOLON = 59;

/** In `tokenClass`: a token octet. */
const TOKEN = 1;
/** In `tokenClass`, besides: an octet that some origins read as `-` (`transfer_encoding`, `content.length`). */
export const ALIAS = 2;

function table(mark: (octet: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => mark(octet));
}

function among(characters: string): (octet: number) => boolean {
  return (octet) => octet !== 0 && characters.includes(String.fromCharCode(octet));
}

const alphanumeric = (octet: number): boolean =>
  (octet >= 48 && octet <= 57) || (octet >= 65 && octet <= 90) || (octet >= 97 && octet <= 122);
const tokenMark = among("!#$%&'*+-.^_`|~");
const hostMark = among("-._~!$&'()*+=%");

/** tchar, RFC 9110 §5.6.2. */
export const tokenClass: Uint8Array = table((octet) =>
  alphanumeric(octet) ? TOKEN : octet === 95 || octet === 46 ? TOKEN | ALIAS : tokenMark(octet) ? TOKEN : 0,
);
/** field-vchar, SP and HTAB, RFC 9110 §5.5: every control but HTAB is refused. */
export const valueClass: Uint8Array = table((octet) => (octet === HTAB || (octet >= 32 && octet !== 127) ? 1 : 0));

/** In `targetClass`: visible ASCII, as a request target may hold (RFC 9112 §3.2, leniently: browsers send `|`, `"`, `^`). */
const TARGET = 1;
/** In `targetClass`, besides: after this octet the path may not be canonical as it stands. */
export const PECULIAR = 2;
export const targetClass: Uint8Array = table((octet) =>
  octet <= 32 || octet >= 127 ? 0 : among('%#;\\.')(octet) ? TARGET | PECULIAR : TARGET,
);
/** Octets of a reg-name (RFC 3986 §3.2.2) without the comma, which some readers take for a list. */
export const hostClass: Uint8Array = table((octet) => (alphanumeric(octet) || hostMark(octet) ? 1 : 0));
/** Octets between the brackets of an IP literal. */
export const literalClass: Uint8Array = table((octet) =>
  (octet >= 48 && octet <= 58) || ((octet | 32) >= 97 && (octet | 32) <= 102) || octet === 46 ? 1 : 0,
);
/** RFC 3986 §2.3: percent-encoding these changes nothing. */
export const unreservedClass: Uint8Array = table((octet) => (alphanumeric(octet) || among('-._~')(octet) ? 1 : 0));

/** Value of a hexadecimal digit, -1 for any other octet. */
export const hexValue: Int8Array = Int8Array.from({ length: 256 }, (_, octet) => {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const letter = octet | 32;
  return octet >= 65 && letter >= 97 && letter <= 102 ? letter - 87 : -1;
});

/** `buffer.toString('latin1', start, end)` without its argument handling. */
export function latin1(buffer: Buffer, start: number, end: number): string {
  return (buffer as Buffer & { latin1Slice(start: number, end: number): string }).latin1Slice(start, end);
}
