/** A chart as it is drawn: all in pixels, from the top left. */
export interface Place {
  /** The middle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DrawnState extends Place {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly final: boolean;
  readonly invokes: readonly string[];
  /** Of the states around it; null: none. */
  readonly within: string | null;
  /** Whether there are states inside. */
  readonly compound: boolean;
}

/** All transitions from one state to one other are one arrow. */
export interface DrawnArrow {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
  readonly lines: readonly string[];
  readonly label: Place;
}

/** The dot where a machine, or a state with states inside, begins; and the arrow to its first state. */
export interface DrawnStart extends Point {
  readonly within: string | null;
  readonly to: string;
  readonly points: readonly Point[];
}

export interface Drawing {
  readonly name: string;
  readonly description: string | null;
  readonly width: number;
  readonly height: number;
  /** Those around others come first. */
  readonly states: readonly DrawnState[];
  readonly arrows: readonly DrawnArrow[];
  readonly starts: readonly DrawnStart[];
}
