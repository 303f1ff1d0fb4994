/**
 * What a report says, apart from how it is laid out: a small tree, built from the analysis alone. HTML, Markdown and the terminal are
 * renderers of it, so that a table or a sentence stands in one place.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Unit } from '#bench/analysis/words/quantity.ts';

/** Text with the few things that are set apart in it. */
export type Text = string | readonly Span[];
export type Span =
  | string
  | { readonly strong: string }
  | { readonly code: string }
  /** Leads to the part of the report with that id. */
  | { readonly link: string; readonly to: string };

export type Tone = 'good' | 'care' | 'bad' | 'quiet';

/** A word or two on how sure something is, or how it ended. */
export interface Badge {
  readonly word: string;
  readonly tone: Tone;
  readonly meaning?: string;
}

export interface Paragraph {
  readonly kind: 'paragraph';
  readonly text: Text;
  /** 'soft': how to read what stands above. 'alert': what must not be missed. */
  readonly tone?: 'soft' | 'alert';
}

export interface Item {
  readonly badge?: Badge;
  readonly text: Text;
  /** Where it is told at length: an id, and its name. */
  readonly evidence?: { readonly to: string; readonly name: string };
}

export interface Items {
  readonly kind: 'items';
  readonly items: readonly Item[];
}

/** Terms and what they are. */
export interface Facts {
  readonly kind: 'facts';
  readonly facts: readonly (readonly [term: string, fact: Text])[];
}

export interface Code {
  readonly kind: 'code';
  readonly text: string;
}

/** A figure in its unit as the analysis has it; its column decides how it is written. */
export interface Figure {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** Where its column has none: figures of several kinds stand in one column. */
  readonly unit?: Unit;
  /** What kind of figure it is, where that differs from row to row: 'derived'. */
  readonly note?: string;
}

export type Cell = null | Text | Figure | { readonly badge: Badge; readonly text?: Text; readonly to?: string };

export interface Column {
  readonly title: string;
  /** The same in as few letters as a terminal needs. */
  readonly short?: string;
  /** Of its figures, all of which are written in one scale of it. Absent: text. */
  readonly unit?: Unit;
  /** Whether figures above zero carry a plus. */
  readonly signed?: true;
}

export interface Row {
  readonly head: string;
  /** Id of where more is told of it. */
  readonly to?: string;
  readonly note?: string;
  /** Rows of one group stand together under its name. */
  readonly group?: string;
  readonly cells: readonly Cell[];
}

export interface Table {
  readonly kind: 'table';
  /** What it holds, for a screen reader, and above it where there is no other heading. */
  readonly label: string;
  /** Of the names of the rows. */
  readonly head: string;
  /** In the order of their importance: where there is room for few, the first ones stand. */
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Groups are said once above their rows; else their names are left out. */
  readonly grouped?: true;
  /** Columns of one unit are written in one scale of it, to be read across. */
  readonly oneScale?: true;
  /** Whether a reader may sort it. */
  readonly sortable?: true;
  /** Written with a row a column: few rows of many figures. */
  readonly turned?: true;
}

export interface Chart {
  readonly kind: 'chart';
  /** Unique in the report; lower case with dashes. */
  readonly id: string;
  /** What a reader would ask: its title. */
  readonly question: string;
  /** What it says, in one line. */
  readonly answer: string;
  /** What is drawn, for those who cannot see it: axes, units, the values that matter. */
  readonly description: string;
  /** The figures behind the marks. */
  readonly table: Table;
  /** `width` is that of the whole drawing in CSS pixels. */
  readonly spec: (width: number) => TopLevelSpec;
}

/** Evidence: there for whoever asks, folded for all others. */
export interface Fold {
  readonly kind: 'fold';
  readonly id?: string;
  readonly title: string;
  readonly note?: string;
  readonly blocks: readonly Block[];
  /** Short enough to travel with a summary. */
  readonly isBrief?: true;
}

export interface Section {
  readonly kind: 'section';
  readonly id: string;
  readonly title: string;
  /** In the contents of the page. */
  readonly short?: string;
  /** Too long for a terminal. */
  readonly isLong?: true;
  readonly blocks: readonly Block[];
}

export type Block = Paragraph | Items | Facts | Code | Table | Chart | Fold | Section;

/** What this run does not hold, and what would give it. */
export interface Missing {
  readonly what: string;
  readonly how: string;
}

export interface Report {
  readonly title: string;
  /** Which run this is. */
  readonly mark: readonly string[];
  /** What must be known before anything is read. */
  readonly alert?: string;
  readonly answer: {
    /** One sentence with its figure and its bound. */
    readonly sentence: string;
    readonly badge: Badge;
    /** What the badge rests on. */
    readonly reasons: readonly Item[];
  };
  /** The few figures to remember; absent where no hop has one. */
  readonly summary?: Table;
  /** Beside the answer: the one picture of it, then what fits below that. */
  readonly pictures: readonly Chart[];
  /** Read by everyone, in this order. */
  readonly sections: readonly Section[];
  readonly missing: readonly Missing[];
  /** What was left out, and what to hold against the figures, in brief; at length it is evidence. */
  readonly remarks: readonly Item[];
  /** Read by whoever doubts. */
  readonly evidence: readonly Fold[];
}

export const paragraph = (text: Text, tone?: Paragraph['tone']): Paragraph => ({
  kind: 'paragraph',
  text,
  ...(tone && { tone }),
});

/** The same without what is set apart. */
export const plainText = (text: Text): string =>
  typeof text === 'string'
    ? text
    : text
        .map((span) =>
          typeof span === 'string' ? span : 'strong' in span ? span.strong : 'code' in span ? span.code : span.link,
        )
        .join('');

/** `words` between backticks are code. */
export const withCode = (text: string): Text => text.split('`').map((part, i) => (i % 2 === 1 ? { code: part } : part));
