import { app, header, welcome } from './app.ts';
import { bar, time } from './bar.ts';
import { canvas } from './canvas.ts';
import { concepts, detection, examples, own, rules } from './concepts.ts';
import { errors } from './errors.ts';
import { history } from './history.ts';
import { inspector } from './inspector.ts';
import { layers } from './layers.ts';
import { models } from './models.ts';
import { offline } from './offline.ts';
import { parameters } from './parameters.ts';
import { conceptPresets, presets } from './presets.ts';
import { recipe } from './recipe.ts';
import { session } from './session.ts';
import { settings } from './settings.ts';
import { shortcuts } from './shortcuts.ts';
import { tools } from './tools.ts';

/** English. Sentence case, plain words; the field's jargon stays in the hints. Texts with parts are functions. */
export const en = {
  app,
  header,
  welcome,
  canvas,
  concepts,
  detection,
  rules,
  own,
  examples,
  tools,
  bar,
  time,
  recipe,
  layers,
  history,
  models,
  presets,
  conceptPresets,
  offline,
  errors,
  session,
  settings,
  shortcuts,
  inspector,
  parameters,
};

/** What every language must say, and nothing more. */
export type Catalogue = typeof en;
