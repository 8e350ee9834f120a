/** What is said of other tools' settings: src/domain/settings. */
export const settings: Readonly<Record<string, string>> = {
  'A prompt is longer than {0} characters: left out.': 'Ein Prompt ist länger als {0} Zeichen: ausgelassen.',
  '{0} steps are outside 1 to 150: left as they are.':
    '{0} Schritte liegen außerhalb von 1 bis 150: bleiben, wie sie sind.',
  'A prompt strictness (CFG) of {0} is outside 0 to 30: left as it is.':
    'Eine Prompttreue (CFG) von {0} liegt außerhalb von 0 bis 30: bleibt, wie sie ist.',
  'Seed {0} does not fit into 32 bits: left as it is.': 'Seed {0} passt nicht in 32 Bit: bleibt, wie er ist.',
  'Its picture was painted from nothing (strength 1): the strength here is left as it is.':
    'Das Bild dazu wurde aus dem Nichts gemalt (Stärke 1): die Stärke hier bleibt, wie sie ist.',
  'Sampler “{0}” is not known here: left as it is.':
    'Der Sampler „{0}“ ist hier unbekannt: bleibt, wie er ist.',
  'Schedule “{0}” is not known here: left as it is.':
    'Der Scheduler „{0}“ ist hier unbekannt: bleibt, wie er ist.',
  "Weights in InvokeAI's notation, as in word++, are plain text here. Write them as (word:1.2).":
    'Gewichte in der Schreibweise von InvokeAI, wie in word++, sind hier gewöhnlicher Text. Bitte als (word:1.2) schreiben.',
  'Without counterpart here: {0}.': 'Ohne Entsprechung hier: {0}.',
  'What guided the picture besides its prompt was left out: {0}.':
    'Was das Bild außer seinem Prompt gelenkt hat, wurde ausgelassen: {0}.',
  'The graph samples {0} times; the settings are those of the first, {1}.':
    'Der Graph sampelt {0}-mal; die Einstellungen sind die des ersten Mals, {1}.',
  'A graph itself cannot be taken over, only its settings. Without counterpart here: {0}.':
    'Ein Graph selbst lässt sich nicht übernehmen, nur seine Einstellungen. Ohne Entsprechung hier: {0}.',
};
