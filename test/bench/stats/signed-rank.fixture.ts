/** Hamilton depression scale, second less first visit; M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods, 1973, table 3.1. */
export const DEPRESSION = [0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, 0.01];
