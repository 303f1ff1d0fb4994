/**
 * Where to measure next in the search for the highest rate at which an objective holds, and when it is found. Pure: the windows so
 * far decide, so that a table of outcomes tests it.
 *
 * Rates stand on a geometric scale, one step the stated tolerance. From a safe rate the search doubles until the objective is
 * missed, halves the gap between the highest rate that held and the lowest that did not down to one step, and then confirms both
 * ends by windows of their own. One window decides on the way; none of those decides the verdict. An end that is refuted sends the
 * search on in its direction; one whose windows go either way moves outwards, which widens the interval.
 *
 * A window in which something other than the subject was the limit is neither held nor missed. Once it repeats, its rate is a
 * ceiling: below it the search goes on as before, above it nothing can be told.
 */
import type { KneeOutcome, KneeTally, KneeVerdict, Limiter } from '#bench/model/knee.ts';
import { type PerSecond, perSecond } from '#bench/model/units.ts';

/**
 * Windows that must agree to confirm a rate, and of how many: a rate that holds every other time passes all of 5 in 3.1 % of cases, 7 of
 * 8 in 3.5 %. Simulated, the interval between two confirmed ends holds the rate that holds every other time in 95 % of searches and
 * more, as long as the rates that hold nine times in ten and one time in ten lie less than a third apart.
 */
export const CONFIRM = [
  { need: 5, of: 5 },
  { need: 7, of: 8 },
] as const;
/** Neighbouring rates are this far apart, relative. */
export const TOLERANCE = 0.04;
/** Windows of one search at most; about a third of them are usual (`typicalWindows`). */
export const MOST_WINDOWS = 64;

/** Windows at one rate, limited by something else, that make a ceiling of it; disturbed ones in a row that end the search. */
const LIMITED = 2;
const DISTURBED = 4;
/** Steps that make a factor of two. */
const DOUBLING = Math.round(Math.log(2) / Math.log(1 + TOLERANCE));

/** Requests per second. `start` is safe for any subject; `lowest` is the least that carries the objective's quantiles. */
export interface KneeScale {
  readonly start: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface KneeWindow {
  readonly rate: PerSecond;
  readonly outcome: KneeOutcome;
}

export type KneeStep =
  | { readonly kind: 'probe'; readonly rate: PerSecond; readonly phase: 'bracket' | 'bisect' | 'confirm' }
  | { readonly kind: 'done'; readonly verdict: KneeVerdict };

/** What comes after these windows; they are those that earlier steps asked for, in their order. */
export function nextStep(scale: KneeScale, windows: readonly KneeWindow[]): KneeStep {
  const search = new Search(scale);
  for (const window of windows) search.take(window);
  const step = search.step();
  return step.kind === 'probe' && windows.length >= MOST_WINDOWS ? search.unsettled('windows') : step;
}

/** Windows of a search whose knee lies about `doublings` above its start: growth, halving, and both ends confirmed. */
export const typicalWindows = (doublings = 5): number =>
  doublings + 2 + Math.ceil(Math.log2(DOUBLING)) + 2 * CONFIRM[0].need;

/** Windows at one rate; of those that held or missed, the ones that were to confirm it. */
interface Counts {
  held: number;
  missed: number;
  limited: number;
  disturbed: number;
  by?: Limiter;
}

type Standing = 'open' | 'holds' | 'misses' | 'either way' | 'limited' | 'disturbed';

const confirmed = (agreeing: number, others: number): boolean =>
  CONFIRM.some(({ need, of }) => agreeing >= need && others <= of - need);
/** More windows that disagree than any rule bears. */
const refuses = (others: number): boolean => CONFIRM.every(({ need, of }) => others > of - need);

function standing({ held, missed, limited, disturbed }: Counts): Standing {
  if (confirmed(held, missed)) return 'holds';
  if (confirmed(missed, held)) return 'misses';
  if (limited >= LIMITED) return 'limited';
  if (disturbed >= DISTURBED) return 'disturbed';
  return refuses(held) && refuses(missed) ? 'either way' : 'open';
}

/** A place on the scale: steps from the start, which is 0. */
type Place = number;

class Search {
  readonly #scale: KneeScale;
  readonly #counts = new Map<Place, Counts>();
  readonly #bottom: Place;
  readonly #top: Place;
  /** The highest place that is taken to hold, the lowest that is taken not to; as yet. */
  #low: Place | undefined;
  #high: Place | undefined;
  /** Length of the next step upwards or downwards, of the next one that widens. */
  #stride = DOUBLING;
  #wider = 1;
  /** What `step` last found: the place to measure, and whether one window there moves an end. */
  #asked: { readonly place: Place; readonly moves: boolean } | undefined;

  constructor(scale: KneeScale) {
    this.#scale = scale;
    const places = (rate: number): number => Math.log(rate / scale.start) / Math.log(1 + TOLERANCE);
    this.#bottom = Math.min(0, Math.ceil(places(scale.lowest) - 1e-9));
    this.#top = Math.max(0, Math.floor(places(scale.highest) + 1e-9));
  }

  take({ rate, outcome }: KneeWindow): void {
    const step = this.step();
    if (step.kind === 'done' || step.rate !== rate || this.#asked === undefined)
      throw new RangeError(
        `expected a window ${step.kind === 'done' ? 'no more, the search is over' : `at ${step.rate}/s`}, got one at ${rate}/s`,
      );
    const { place, moves } = this.#asked;
    const counts = this.#at(place);
    if (outcome.kind !== 'disturbed') counts.disturbed = 0;
    // What led the search here is no evidence for where it led to.
    if (!moves || outcome.kind === 'limited' || outcome.kind === 'disturbed') counts[outcome.kind]++;
    if (outcome.kind === 'limited') counts.by = outcome.by;
    this.#counts.set(place, counts);
    if (!moves) return;
    if (outcome.kind === 'held') this.#rise(place);
    if (outcome.kind === 'missed') this.#fall(place);
  }

  /** Each turn either asks for a window, ends, or moves an end to a place whose standing is known: upwards only or downwards only. */
  step(): KneeStep {
    for (;;) {
      const seeking = this.#seek();
      if (seeking !== undefined) {
        const stands = this.#standing(seeking.place);
        if (stands === 'open') return this.#ask(seeking.place, true, seeking.phase);
        if (stands === 'disturbed') return this.unsettled('disturbed');
        if (stands === 'holds') this.#rise(seeking.place);
        else this.#fall(seeking.place);
        continue;
      }
      const step = this.#confirm();
      if (step !== undefined) return step;
    }
  }

  unsettled(why: Extract<KneeVerdict, { state: 'unsettled' }>['why']): KneeStep {
    const [low, high] = [this.#low, this.#high].map((place) => (place === undefined ? null : this.#tally(place)));
    return { kind: 'done', verdict: { state: 'unsettled', low: low!, high: high!, why } };
  }

  /** The next place on the way to two neighbours; undefined once they are, or nothing is left but to confirm. */
  #seek(): { readonly place: Place; readonly phase: 'bracket' | 'bisect' } | undefined {
    const [low, high] = [this.#low, this.#high];
    if (low === undefined && high === undefined) return { place: 0, phase: 'bracket' };
    if (high === undefined)
      return low === this.#top ? undefined : { place: Math.min(this.#top, low! + this.#stride), phase: 'bracket' };
    if (low === undefined)
      return high === this.#bottom
        ? undefined
        : { place: Math.max(this.#bottom, high - this.#stride), phase: 'bracket' };
    if (high - low < 2 || this.#isWidened(low, high)) return undefined;
    return { place: Math.floor((low + high) / 2), phase: 'bisect' };
  }

  /** Undefined where an end has moved and the search goes on. */
  #confirm(): KneeStep | undefined {
    const [low, high] = [this.#low, this.#high];
    const [below, above] = [low, high].map((place) => (place === undefined ? undefined : this.#standing(place)));
    if (below === 'disturbed' || above === 'disturbed') return this.unsettled('disturbed');

    if (below === 'misses' || below === 'limited') return this.#refuted(() => this.#fall(low!));
    if (above === 'holds') return this.#refuted(() => this.#rise(high!));
    if (below === 'either way') {
      if (low === this.#bottom) return this.unsettled('either way');
      this.#low = Math.max(this.#bottom, low! - this.#wider);
      this.#wider *= 2;
      return undefined;
    }
    if (above === 'either way' && low !== undefined && high !== this.#top) {
      this.#high = Math.min(this.#top, high! + this.#wider);
      this.#wider *= 2;
      return undefined;
    }
    const open = [low, high]
      .filter((place) => place !== undefined && this.#standing(place) === 'open')
      .toSorted((a, b) => this.#windowsAt(a!) - this.#windowsAt(b!));
    if (open.length > 0) return this.#ask(open[0]!, false, 'confirm');

    if (high === undefined || (above === 'either way' && low !== undefined))
      return this.#beyond(low, this.#top, 'scale');
    if (above === 'limited') return this.#beyond(low, high, this.#at(high).by ?? 'host');
    // Missed, or either way, at the lowest rate there is.
    if (low === undefined)
      return above === 'misses'
        ? { kind: 'done', verdict: { state: 'never', high: this.#tally(high) } }
        : this.unsettled('either way');
    const verdict: KneeVerdict = {
      state: 'found',
      low: this.#tally(low),
      high: this.#tally(high),
      widened: this.#isWidened(low, high),
    };
    return { kind: 'done', verdict };
  }

  #ask(place: Place, moves: boolean, phase: 'bracket' | 'bisect' | 'confirm'): KneeStep {
    this.#asked = { place, moves };
    return { kind: 'probe', rate: this.#rate(place), phase };
  }

  #beyond(low: Place | undefined, at: Place, by: Extract<KneeVerdict, { state: 'beyond' }>['by']): KneeStep {
    const held = low === undefined ? null : this.#tally(low);
    return { kind: 'done', verdict: { state: 'beyond', low: held, at: this.#rate(at), by } };
  }

  #rise(place: Place): void {
    if (this.#high === undefined && this.#low !== undefined) this.#stride = Math.min(DOUBLING, 2 * this.#stride);
    this.#low = place;
    if (this.#high !== undefined && this.#high <= place) this.#high = undefined;
  }

  #fall(place: Place): void {
    if (this.#low === undefined && this.#high !== undefined) this.#stride = Math.min(DOUBLING, 2 * this.#stride);
    this.#high = place;
    if (this.#low !== undefined && this.#low >= place) this.#low = undefined;
  }

  /** An end was not what it had been taken for: from there on in single steps, which grow again. */
  #refuted(move: () => void): undefined {
    move();
    this.#stride = 1;
    this.#wider = 1;
  }

  /** Windows in between went either way: there is no narrower pair to be found. */
  #isWidened(low: Place, high: Place): boolean {
    return [...this.#counts].some(
      ([place, counts]) => place > low && place < high && standing(counts) === 'either way',
    );
  }

  #at(place: Place): Counts {
    return this.#counts.get(place) ?? { held: 0, missed: 0, limited: 0, disturbed: 0 };
  }
  #standing(place: Place): Standing {
    return standing(this.#at(place));
  }
  #windowsAt(place: Place): number {
    const { held, missed } = this.#at(place);
    return held + missed;
  }
  #rate(place: Place): PerSecond {
    return perSecond(Math.round(this.#scale.start * (1 + TOLERANCE) ** place));
  }
  #tally(place: Place): KneeTally {
    const { held, missed } = this.#at(place);
    return { rate: this.#rate(place), held, missed };
  }
}
