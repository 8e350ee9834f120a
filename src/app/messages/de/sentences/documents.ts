/** Concepts, masks, plans and the steps of a job: src/domain and src/pipelines. */
export const documents: Readonly<Record<string, string>> = {
  'the whole of it': 'das Ganze',
  'is missing': 'fehlt',
  'is not a number': 'ist keine Zahl',
  'is not text': 'ist kein Text',
  'is neither true nor false': 'ist weder wahr noch falsch',
  'is not a list': 'ist keine Liste',
  'is not a group of fields': 'ist keine Gruppe von Feldern',
  'is not a whole number': 'ist keine ganze Zahl',
  'is below {0}': 'liegt unter {0}',
  'is above {0}': 'liegt über {0}',
  'is shorter than {0}': 'ist kürzer als {0}',
  'is longer than {0}': 'ist länger als {0}',
  'is {0}, not {1}': 'ist {0}, nicht {1}',
  'is neither 0 nor at least 0.01': 'ist weder 0 noch mindestens 0,01',
  'its runs do not add up to width × height': 'seine Läufe ergeben nicht Breite × Höhe',
  'two have one id': 'zwei haben dieselbe Kennung',
  'There are no ADetailer settings in this text. Paste the parameters of a picture that was made with ADetailer, or the arguments of its API.':
    'In diesem Text sind keine ADetailer-Einstellungen. Einfügen lassen sich die Parameter eines mit ADetailer gemachten Bildes oder die Argumente seiner API.',
  "ADetailer's tabs have different mask blurs; the first one's was taken for all.":
    'Die Tabs von ADetailer haben verschiedene Maskenweichzeichnungen; die des ersten gilt jetzt für alle.',
  "The name “{0}” does not say what it finds. Write it in the concept's field.":
    'Der Name „{0}“ sagt nicht, was damit gefunden wird. Bitte in das Feld des Konzepts schreiben.',
  '“{0}” merges its masks into one. Here every detection is refined by itself; join them by hand where one is wanted.':
    '„{0}“ vereint seine Masken zu einer. Hier wird jede Erkennung für sich verfeinert; wo eine einzige gewünscht ist, lassen sie sich von Hand verbinden.',
  '“{0}” painted over the whole picture; here the surroundings of a detection are.':
    '„{0}“ hat das ganze Bild übermalt; hier wird die Umgebung einer Erkennung gemalt.',
  '“{0}: {1}” is no number between {2} and {3}; {4} was taken instead.':
    '„{0}: {1}“ ist keine Zahl zwischen {2} und {3}; stattdessen gilt {4}.',
  'There is no detailer of the Impact Pack in this graph (FaceDetailer or Detailer for SEGS). Choose another workflow.':
    'In diesem Graphen ist kein Detailer des Impact Packs (FaceDetailer oder Detailer for SEGS). Bitte einen anderen Workflow wählen.',
  'This is no ComfyUI graph. Choose a workflow .json that was saved in ComfyUI, or its API form.':
    'Das ist kein ComfyUI-Graph. Bitte eine Workflow-.json wählen, die in ComfyUI gespeichert wurde, oder ihre API-Form.',
  'This workflow cannot be read: it is no complete JSON. Save it again in ComfyUI.':
    'Dieser Workflow ist nicht lesbar: er ist kein vollständiges JSON. Bitte in ComfyUI neu speichern.',
  'The settings of {0} are stored in an order this version does not know. Export the workflow in API form to take them over.':
    'Die Einstellungen von {0} sind in einer Reihenfolge gespeichert, die diese Version nicht kennt. Als API-Form exportierte Workflows lassen sich übernehmen.',
  "{0} has a detector whose name does not say what it finds. Write it in the concept's field.":
    '{0} hat einen Detektor, dessen Name nicht sagt, was er findet. Bitte in das Feld des Konzepts schreiben.',
  "The detailers sample or crop differently; the first one's settings were taken for all.":
    'Die Detailer sampeln oder schneiden verschieden; die Einstellungen des ersten gelten jetzt für alle.',
  '“{0}”: {1} have no counterpart and were left out.':
    '„{0}“: {1} haben hier keine Entsprechung und wurden ausgelassen.',
  "“{0}” asks for the picture's own prompt, which is unknown here: its detections are painted without it. Write a prompt where one is wanted.":
    '„{0}“ verlangt den Prompt des Bildes selbst, der hier unbekannt ist: Seine Erkennungen werden ohne ihn gemalt. Schreibe einen Prompt, wo einer gewünscht ist.',
  '“{0}”: {1} in its prompt means nothing here and was taken out or decided for its first option.':
    '„{0}“: {1} im Prompt bedeutet hier nichts; es wurde entfernt oder durch seine erste Möglichkeit ersetzt.',
  'This is not a concept preset of Luna Studio. Choose a .json file that was exported as a preset.':
    'Das ist keine Konzept-Vorlage von Luna Studio. Bitte eine .json-Datei wählen, die als Vorlage exportiert wurde.',
  'This preset was made by a newer Luna Studio: it has version {0}, this one reads up to {1}. Reload the studio to update it, or export the preset again from the older one.':
    'Diese Vorlage stammt von einem neueren Luna Studio: sie hat Version {0}, dieses hier liest bis {1}. Das Studio neu laden, um es zu aktualisieren, oder die Vorlage im älteren neu exportieren.',
  'This preset is damaged: {0}. Export it again where it came from.':
    'Diese Vorlage ist beschädigt: {0}. Bitte dort, wo es herkommt, neu exportieren.',
  'This preset cannot be read: it is no complete JSON. Export or download it again.':
    'Diese Vorlage ist nicht lesbar: sie ist kein vollständiges JSON. Bitte neu exportieren oder herunterladen.',
  '{0} and {1}': '{0} und {1}',
  'A mask of {0}×{1} px cannot be combined with one of {2}×{3} px: bring both to one size first.':
    'Eine Maske von {0}×{1} px lässt sich nicht mit einer von {2}×{3} px verbinden: zuerst beide auf eine Größe bringen.',
  "A mask's runs describe {0} pixels, but it is {1}×{2} px large. Detect again, or repaint it.":
    'Die Läufe einer Maske beschreiben {0} Pixel, sie ist aber {1}×{2} px groß. Bitte neu erkennen oder neu malen.',
  'Finding objects': 'Objekte finden',
  'Reading prompts': 'Prompts lesen',
  'Looking at crops for their anchors': 'Ausschnitte für ihre Anker ansehen',
  'Preparing prompts and anchors for the model': 'Prompts und Anker für das Modell vorbereiten',
  'Re-painting': 'Neu malen',
  'Pictures to latents and back': 'Bilder in Latents und zurück',
  '{0} GB': '{0} GB',
  '{0} MB': '{0} MB',
  '{0} bit': '{0} Bit',
  '{0} of weights': '{0} Gewichte',
  'one crop at a time': 'ein Ausschnitt nach dem anderen',
  '{0} crops at once': '{0} Ausschnitte zugleich',
  '{0}: {1} in {2}, {3} for each crop, {4}.': '{0}: {1} in {2}, {3} je Ausschnitt, {4}.',
  '{0}: {1}, {2} for each tile of up to {3} px.': '{0}: {1}, {2} je Kachel von bis zu {3} px.',
  'stays loaded': 'bleibt geladen',
  'unloaded afterwards': 'danach entladen',
  '{0}: {1} in {2}, {3} while it runs, {4}.': '{0}: {1} in {2}, {3} während es läuft, {4}.',
  '{0} needs {1} in one piece, and this graphics card allows {2}.':
    '„{0}“ braucht {1} am Stück, und diese Grafikkarte erlaubt {2}.',
  'These models need {0} in 32 bit. Without a graphics card a tab has {1} for them.':
    'Diese Modelle brauchen {0} in 32 Bit. Ohne Grafikkarte hat ein Tab {1} für sie.',
  '{0} needs {1} even with everything made as small as possible, and this graphics card has {2} for it.':
    '„{0}“ braucht {1}, selbst wenn alles so klein wie möglich ist, und diese Grafikkarte hat {2} dafür.',
  'It fits with crops of 1024 px.': 'Mit Ausschnitten von 1024 px passt es.',
  'It fits without the model that finds objects: mark them by hand.':
    'Ohne das Modell, das Objekte findet, passt es: sie lassen sich von Hand markieren.',
  'It fits without image anchors: take the vision model out.':
    'Ohne Bildanker passt es: das Vision-Modell herausnehmen.',
  'The demo models run on this device.': 'Die Demo-Modelle laufen auf diesem Gerät.',
  'These models fit a graphics card with {0} GB. The demo models run on this device.':
    'Diese Modelle passen auf eine Grafikkarte mit {0} GB. Die Demo-Modelle laufen auf diesem Gerät.',
  'the model in {0}': 'das Modell in {0}',
  'text, vision and detection in {0}': 'Text, Vision und Erkennung in {0}',
  'each model loaded only while it runs': 'jedes Modell nur geladen, während es läuft',
  'fewer models kept loaded': 'weniger Modelle bleiben geladen',
  'tiles of {0} px for the autoencoder': 'Kacheln von {0} px für den Autoencoder',
  'the sampler’s steps not recorded': 'die Schritte des Samplers nicht aufgezeichnet',
  'memory freed': 'freigeräumtem Speicher',
  '{0} · anchor': '{0} · Anker',
  'The autoencoder has {0} latent channels and "{1}" has {2}: they do not belong together.':
    'Der Autoencoder hat {0} Latent-Kanäle und „{1}“ {2}: sie gehören nicht zusammen.',
  '"{0}" is not an SDXL checkpoint. {1}': '„{0}“ ist kein SDXL-Checkpoint. {1}',
  '"{0}" holds no autoencoder. Add a VAE file, or a checkpoint that contains one.':
    '„{0}“ enthält keinen Autoencoder. Bitte eine VAE-Datei hinzufügen oder einen Checkpoint, der eins enthält.',
  'reading the prompts': 'die Prompts werden gelesen',
  'No vision model or IP-Adapter is loaded, so image anchors are off: this run is guided by text alone.':
    'Kein Vision-Modell oder kein IP-Adapter ist geladen, darum sind Bildanker aus: diesen Lauf leitet allein der Text.',
  'The mask is empty: there is nothing to cut out.': 'Die Maske ist leer: es gibt nichts freizustellen.',
  '"{0}" is not a colour of the form #rrggbb.': '„{0}“ ist keine Farbe der Form #rrggbb.',
  'Name at least one concept to look for, for example "face".':
    'Zum Suchen mindestens ein Konzept benennen, zum Beispiel „face“.',
  'once for all concepts': 'einmal für alle Konzepte',
  'looking for “{0}”': 'Suche nach „{0}“',
  'No SAM 3 model is loaded. Choose one in Models, or go back to the demo pack.':
    'Kein SAM-3-Modell ist geladen. Unter „Modelle“ eins wählen oder zum Demo-Paket zurückkehren.',
  '“{0}…” is longer than the detector can read. It looked for “{1}”.':
    '„{0}…“ ist länger, als der Detektor lesen kann. Gesucht wurde „{1}“.',
  '{0} · likeness': '{0} · Ähnlichkeit',
  'Name what to look for, for example "face", or draw a box around an example of it.':
    'Benennen, wonach gesucht wird, zum Beispiel „face“, oder einen Kasten um ein Beispiel ziehen.',
  'Tiles to look for small objects in need at least 256 px a side.':
    'Kacheln zum Suchen kleiner Objekte brauchen mindestens 256 px je Seite.',
  'the whole picture': 'das ganze Bild',
  'tile {0}/{1}': 'Kachel {0}/{1}',
  'tile {0}': 'Kachel {0}',
  '{0}, variation {1}': '{0}, Variation {1}',
  'Not enough memory for {0} crops at once: going on with {1} at a time.':
    'Zu wenig Speicher für {0} Ausschnitte zugleich: weiter mit je {1}.',
  'smaller networks': 'kleineren Netzen',
  'Not enough memory: going on with {0}.': 'Zu wenig Speicher, weiter mit: {0}.',
  'None of these layers can be seen: there is nothing to merge.':
    'Keine dieser Ebenen ist sichtbar: es gibt nichts zu vereinen.',
  '{0} · blend': '{0} · Einblenden',
  'Click on something in the picture or draw a box around it.':
    'Etwas im Bild anklicken oder einen Kasten darum ziehen.',
  'upscaling to {0} × {1}': 'Hochskalieren auf {0} × {1}',
  encode: 'Kodieren',
  reference: 'Referenz',
  decode: 'Dekodieren',
  surroundings: 'Umgebung',
  '{0} · step {1}/{2}': '{0} · Schritt {1}/{2}',
  'The pixels of "{0}" are not there at this canvas size. Refine it once, then ask for variations.':
    'Die Pixel von „{0}“ gibt es bei dieser Größe der Arbeitsfläche nicht. Einmal verfeinern, dann Variationen malen lassen.',
  'The layer to vary is not in the stack any more.':
    'Die Ebene, von der Variationen gewünscht sind, ist nicht mehr im Stapel.',
  '"{0}" is locked. Unlock it to paint variations.':
    '„{0}“ ist gesperrt. Zum Malen von Variationen entsperren.',
  '"{0}" was merged from several layers and cannot be painted again.':
    '„{0}“ wurde aus mehreren Ebenen vereint und lässt sich nicht neu malen.',
};
