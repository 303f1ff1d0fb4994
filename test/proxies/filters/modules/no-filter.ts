/** No filter: it exports none. */
export const nothing = 0;
