/** What of a native configuration differs from start to start, and is no change of it. */

/** Ports of addresses, in the forms in which configurations write them. */
export const withoutPorts = (config: string): string =>
  config
    .replace(/((?:127\.0\.0\.1|\[::1\]|localhost|\*):)\d+/g, '$1PORT')
    .replace(/("port(?:_value)?"\s*:\s*)\d+/g, '$1PORT');

/** Certificates and keys, which are made anew for each run, written out or by the path of their file. */
export const withoutKeys = (config: string): string =>
  config
    .replace(/-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----/gs, '$1')
    .replace(/[^\s"']*\/hopcost-[^\s"']*/g, 'FILE');
