import { describe, expect, it } from 'vitest';
import type { CatalogueRole } from '#models/catalogue/entry.ts';
import {
  CATALOGUE,
  ROLE_PURPOSES,
  catalogueEntry,
  catalogueFor,
  knownByHash,
  knownByStructure,
  sourcePage,
} from '#models/catalogue/lookup.ts';
import type { CatalogueItem, ModelRole } from '#worker/api.ts';

const BASE = '31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b';

describe('the catalogue', () => {
  it('names every file once', () => {
    for (const field of ['id', 'title', 'sha256'] as const) {
      const values = CATALOGUE.map((entry) => entry[field]);
      expect(new Set(values).size, field).toBe(values.length);
    }
  });

  it.each(CATALOGUE.map((entry) => [entry.id, entry] as const))(
    '%s is complete and fetchable',
    (_, entry) => {
      expect(entry.sha256 ?? '0'.repeat(64)).toMatch(/^[0-9a-f]{64}$/);
      expect(entry.bytes ?? 1).toBeGreaterThan(0);
      expect(entry.licence.name).not.toBe('');
      for (const address of [entry.licence.url, sourcePage(entry)])
        expect(new URL(address).protocol).toBe('https:');
      expect(entry.sentence).toMatch(/^[A-Z].*\.$/);
      if (entry.source.kind === 'hub') {
        expect(entry.source.repo).toMatch(/^[\w.-]+\/[\w.-]+$/);
        expect(entry.source.revision).toMatch(/^([0-9a-f]{40}|main)$/);
        expect(entry.source.path).toMatch(/\.safetensors$/);
        // Only what can be checked afterwards may be fetched.
        expect(entry.sha256).not.toBeNull();
      }
    },
  );

  it('has a file for everything the main job needs, and for what those need', () => {
    const roles = Object.keys(ROLE_PURPOSES) as CatalogueRole[];
    for (const role of roles.filter((each) => ROLE_PURPOSES[each].required))
      expect(catalogueFor(role).filter(({ usable }) => usable).length, role).toBeGreaterThan(0);
    for (const { needs } of CATALOGUE)
      for (const role of needs) expect(catalogueFor(role).length).toBeGreaterThan(0);
  });

  it('offers no role for what cannot be run', () => {
    for (const { usable, roles } of CATALOGUE) expect(roles.length > 0).toBe(usable);
    expect(CATALOGUE.some(({ kind, usable }) => kind === 'upscaler' && !usable)).toBe(true);
  });

  it("fits the worker's contract", () => {
    const item = (id: string): Omit<CatalogueItem, 'entryId'> => {
      const entry = catalogueEntry(id)!;
      const roles: readonly ModelRole[] = entry.roles;
      return { ...entry, roles, source: sourcePage(entry), fetchable: entry.source.kind === 'hub' };
    };
    expect(item('sam3')).toMatchObject({ gated: true, source: 'https://huggingface.co/facebook/sam3' });
  });

  it('knows a file by its hash, however it is written', () => {
    expect(knownByHash(BASE)?.id).toBe('sdxl-base-1.0');
    expect(knownByHash(BASE.toUpperCase())?.id).toBe('sdxl-base-1.0');
    expect(knownByHash(BASE.replace('3', '4'))).toBeUndefined();
  });

  it('takes a file of the same size and kind for the known one, and no other', () => {
    expect(knownByStructure(6_938_078_334, 'sdxl')?.id).toBe('sdxl-base-1.0');
    expect(knownByStructure(6_938_078_334, 'vae')).toBeUndefined();
    expect(knownByStructure(6_938_078_335, 'sdxl')).toBeUndefined();
  });
});
