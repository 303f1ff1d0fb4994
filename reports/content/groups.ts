/** The layers that subjects stand under wherever they are listed. */
export const GROUPS = ['direct', 'L4', 'L7', 'L7 with TLS'] as const;
export type Group = (typeof GROUPS)[number];

export const groupOf = ({ layer, tls }: { layer: 'direct' | 'l4' | 'l7'; tls: boolean }): Group =>
  layer === 'direct' ? 'direct' : layer === 'l4' ? 'L4' : tls ? 'L7 with TLS' : 'L7';
