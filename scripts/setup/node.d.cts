export const NODE_VERSION: string;
export function pinnedNode(): string | undefined;
export function setupNode(): number;
