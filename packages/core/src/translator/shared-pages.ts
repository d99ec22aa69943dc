import type { Local } from '../wasm/term.ts';
import type { Step } from './discover.ts';
import { dominates, type Flow } from './graph.ts';
import type { PlacedAccess } from './sums.ts';

/** Bytes that one look at a page may serve: more are more often in two pages. */
const mostBytes = 256;
/** So many other accesses make up for having to ask each time whether there is a page. */
const fewestTolerant = 2;
/** WebAssembly's compilers look at every local wherever control flow meets. */
const mostLocals = 8;

/** A piece of memory that is in one page, and where it is, from when `finder` was executed until the region is left. */
export interface SharedPage {
  readonly finder: PlacedAccess;
  /** Whether it was found in the store TLB. */
  readonly store: boolean;
  /** The piece, as it lies from the value of the address' name. */
  readonly from: number;
  readonly to: number;
  /** It is often not one page: then `host` is 0, and each access looks for its own. */
  readonly tolerant: boolean;
  /** Other blocks know it, too. */
  readonly elsewhere: boolean;
  /** Host offset of its first byte. */
  readonly host: Local<'i32'>;
}

/** Looks at pages once for several accesses that are a constant apart: the first finds the page for all it dominates. */
export class SharedPages {
  readonly #byStep = new Map<number, Map<Step, PlacedAccess>>();
  readonly #byName = new Map<number, PlacedAccess[]>();
  readonly #known = new Map<number, SharedPage[]>();
  readonly #position = new Map<PlacedAccess, number>();
  /** What is known of each block's making, and the locals there are: where it is no longer known its local serves again. */
  readonly #made = new Map<number, SharedPage[]>();
  readonly #locals: Local<'i32'>[] = [];
  readonly #begun = new Set<number>();
  #reuse = true;

  readonly #separate: ReadonlySet<number>;

  /** `apart` tells of an access whose page was often not one. */
  constructor(
    blocks: readonly (readonly PlacedAccess[])[],
    private readonly flow: Flow,
    private readonly local: () => Local<'i32'>,
    apart: (access: PlacedAccess) => boolean,
  ) {
    this.#separate = new Set(blocks.flatMap((all) => all.filter(apart).map(({ address }) => address.name)));
    blocks.forEach((accesses, block) => {
      this.#byStep.set(block, new Map(accesses.map((each) => [each.step, each])));
      accesses.forEach((each, at) => {
        const { name } = each.address;
        if (flow.position[block]! < 0) return;
        this.#position.set(each, at);
        const others = this.#byName.get(name);
        if (others) others.push(each);
        else this.#byName.set(name, [each]);
      });
    });
  }

  /** The page that serves a block's access; one whose finder it is, is to be found now. Undefined: it is alone. */
  of(block: number, step: Step): { access: PlacedAccess; shared: SharedPage } | undefined {
    const access = this.#byStep.get(block)?.get(step);
    if (!access || !this.#position.has(access)) return undefined;
    const shared = this.#knownFor(access) ?? this.#make(access);
    return shared && { access, shared };
  }

  #knownFor({ block, store, bytes, address }: PlacedAccess): SharedPage | undefined {
    const { name, plus } = address;
    return this.#known
      .get(name)
      ?.find(
        (each) =>
          each.from <= plus &&
          plus + bytes <= each.to &&
          (each.store || !store) &&
          (each.elsewhere || each.finder.block === block) &&
          dominates(this.flow, each.finder.block, block),
      );
  }

  #make(finder: PlacedAccess): SharedPage | undefined {
    const { block, address } = finder;
    const later = this.#byName.get(address.name)!.filter((each) => this.#follows(finder, each));
    // What the block itself stores, it is going to find in the store TLB.
    const store = finder.store || later.some((each) => each.block === block && each.store);
    const served = later.filter((each) => store || !each.store);
    let [from, to] = [address.plus, address.plus + finder.bytes];
    let [shared, elsewhere] = [0, false];
    const distance = (each: PlacedAccess): number => Math.abs(each.address.plus - address.plus);
    for (const each of served.sort((a, b) => distance(a) - distance(b))) {
      const [low, high] = [Math.min(from, each.address.plus), Math.max(to, each.address.plus + each.bytes)];
      if (high - low > mostBytes) continue;
      [from, to] = [low, high];
      shared++;
      elsewhere ||= each.block !== block;
    }
    const tolerant = this.#separate.has(address.name);
    const host = shared < (tolerant ? fewestTolerant : 1) ? undefined : this.#freeLocal(block);
    if (!host) return undefined;
    const made = { finder, store, from, to, tolerant, elsewhere, host };
    this.#known.set(address.name, [...(this.#known.get(address.name) ?? []), made]);
    this.#made.set(block, [...(this.#made.get(block) ?? []), made]);
    return made;
  }

  /** The next block that is written. Where its dominator was not written before it, locals do not serve again. */
  begin(block: number): void {
    const { dominator, order } = this.flow;
    if (block !== order[0] && !this.#begun.has(dominator[block]!)) this.#reuse = false;
    this.#begun.add(block);
  }

  /** A local that nothing is in which the block may use. */
  #freeLocal(block: number): Local<'i32'> | undefined {
    if (!this.#reuse) return this.local();
    const taken = new Set((this.#made.get(block) ?? []).map(({ host }) => host));
    const { dominator, order } = this.flow;
    for (let at = block; at !== order[0]; ) {
      at = dominator[at]!;
      for (const { host, elsewhere } of this.#made.get(at) ?? []) if (elsewhere) taken.add(host);
    }
    const free = this.#locals.find((each) => !taken.has(each));
    if (free || this.#locals.length === mostLocals) return free;
    const made = this.local();
    this.#locals.push(made);
    return made;
  }

  /** Whether an access is always executed after another. */
  #follows(first: PlacedAccess, then: PlacedAccess): boolean {
    if (first.block === then.block) return this.#position.get(then)! > this.#position.get(first)!;
    return dominates(this.flow, first.block, then.block);
  }
}
