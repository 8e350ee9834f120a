import type { Layer } from '#domain/document/layer.ts';
import { layersBetween, rowsOf, type LayerRow } from './layer-rows.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** `only` this; `toggle` it beside what is selected; all in a `range` from the line selected last. */
export type SelectMode = 'only' | 'toggle' | 'range';

/** The layers panel: what it lists and which of it is selected. */
export class LayerList {
  readonly #document: StudioState;
  #open = $state.raw<readonly string[]>([]);
  /** Selected layers; counts while the document's selected layer is one of them. */
  #chosen = $state.raw<readonly string[]>([]);
  /** Line selected last, which a range begins at. */
  #anchor = $state.raw<string | null>(null);

  readonly rows = $derived.by((): readonly LayerRow[] => rowsOf(this.#document.layers, this.#open));
  /** Bottom first. */
  readonly selected = $derived.by((): readonly Layer[] => {
    const { selectedLayer, layers } = this.#document;
    if (!selectedLayer) return [];
    const chosen = this.#chosen.includes(selectedLayer.id) ? this.#chosen : [selectedLayer.id];
    return layers.filter(({ id }) => chosen.includes(id));
  });
  readonly selectedIds = $derived(this.selected.map(({ id }) => id));
  /** The line that has the focus of the keyboard. */
  readonly activeRow = $derived.by((): LayerRow | undefined => {
    const primary = this.#document.selectedLayer?.id;
    const anchored = this.rows.find(({ id }) => id === this.#anchor);
    if (anchored && (!primary || has(anchored, primary))) return anchored;
    return this.rows.find((row) => primary !== undefined && has(row, primary)) ?? this.rows[0];
  });

  constructor(document: StudioState) {
    this.#document = document;
  }

  isSelected(row: LayerRow): boolean {
    return row.layers.every(({ id }) => this.selectedIds.includes(id));
  }

  select(row: LayerRow, mode: SelectMode = 'only'): void {
    const own = row.layers.map(({ id }) => id);
    if (mode === 'range' && this.activeRow) {
      const from = this.#anchor ?? this.activeRow.id;
      this.#choose(layersBetween(this.rows, from, row.id), own);
      return;
    }
    if (mode === 'toggle' && this.isSelected(row))
      this.#choose(this.selectedIds.filter((id) => !own.includes(id)));
    else if (mode === 'toggle') this.#choose([...this.selectedIds, ...own], own);
    else this.#choose(own, own);
    this.#anchor = row.id;
  }

  selectAll(): void {
    this.#choose(this.#document.layers.map(({ id }) => id));
  }

  /** The line above or below the present one; the first one where none is. */
  step(direction: 'up' | 'down', mode: SelectMode = 'only'): void {
    const primary = this.#document.selectedLayer?.id;
    const current =
      primary === undefined ? -1 : this.rows.findIndex((row) => row.id === this.#current(primary)?.id);
    const next = current < 0 ? 0 : current + (direction === 'up' ? -1 : 1);
    const row = this.rows[next];
    if (row) this.select(row, mode);
  }

  setOpen(row: LayerRow, open: boolean): void {
    if (row.kind !== 'tiles') return;
    const others = this.#open.filter((id) => id !== row.id);
    this.#open = open ? [...others, row.id] : others;
  }

  /** The line a step starts at: in a range its moving end, which has the document's selected layer. */
  #current(primary: string): LayerRow | undefined {
    const active = this.activeRow;
    return active && has(active, primary) ? active : this.rows.find((row) => has(row, primary));
  }

  #choose(ids: readonly string[], lead: readonly string[] = ids): void {
    this.#chosen = ids;
    const primary = lead.at(-1);
    if (primary !== undefined) this.#document.select({ kind: 'layer', id: primary });
    else this.#document.select({ kind: 'document' });
  }
}

function has({ layers }: LayerRow, id: string): boolean {
  return layers.some((layer) => layer.id === id);
}
