/** What the worker itself has to say: src/worker. */
export const worker: Readonly<Record<string, string>> = {
  '1 thread': '1 Thread',
  '{0} threads': '{0} Threads',
  'CPU (wasm, {0}): no GPU found, slower': 'CPU (wasm, {0}): keine GPU gefunden, langsamer',
  'The settings cannot be used: {0}.': 'Die Einstellungen sind nicht verwendbar: {0}.',
  'The chosen models are not complete. See Models.':
    'Die gewählten Modelle sind nicht vollständig. Siehe „Modelle“.',
  'Nothing smaller is left to try: close other programs that use the graphics card, or lower the tile size or the canvas.':
    'Kleiner geht es nicht: andere Programme schließen, die die Grafikkarte benutzen, oder Kachelgröße oder Arbeitsfläche verringern.',
  'loading {0} · {1}%': '{0} wird geladen · {1} %',
  'opening the models': 'Modelle werden geöffnet',
  'Stopped.': 'Gestoppt.',
  'The browser could not create a drawing surface.': 'Der Browser konnte keine Zeichenfläche anlegen.',
  'Select a detection before painting on its mask.':
    'Vor dem Malen auf einer Maske eine Erkennung auswählen.',
  'The browser no longer offers a GPU. Reload the page.':
    'Der Browser bietet keine GPU mehr an. Bitte die Seite neu laden.',
  'Something unexpected went wrong: {0}': 'Etwas Unerwartetes ist schiefgegangen: {0}',
  'The pixels of these layers are gone. Refine them again.':
    'Die Pixel dieser Ebenen sind verloren. Bitte neu verfeinern.',
  'This model file is no longer listed. Link its folder again.':
    'Diese Modelldatei ist nicht mehr gelistet. Bitte ihren Ordner erneut verknüpfen.',
  'The detection to cut out is gone.': 'Die Erkennung, die freigestellt werden soll, gibt es nicht mehr.',
  'This model is not in the catalogue.': 'Dieses Modell ist nicht im Katalog.',
  '"{0}" has to be downloaded from its own page ({1}); then link its folder or drop the file here.':
    '„{0}“ muss von der eigenen Seite heruntergeladen werden ({1}); danach den Ordner verknüpfen oder die Datei hierher ziehen.',
  'This folder is no longer linked. Link it again.':
    'Dieser Ordner ist nicht mehr verknüpft. Bitte erneut verknüpfen.',
  '"{0}" cannot be used.': '„{0}“ ist nicht verwendbar.',
  "The demo pack's {0} is missing from this installation.":
    '„{0}“ aus dem Demo-Paket fehlt in dieser Installation.',
  'Choose a usable model file to import.': 'Zum Importieren eine verwendbare Modelldatei wählen.',
  'Read and accept the model’s licence before downloading it.':
    'Vor dem Herunterladen die Lizenz des Modells lesen und annehmen.',
  'Stopped. What has arrived is kept.': 'Angehalten. Was angekommen ist, bleibt erhalten.',
  'Only imported copies can be deleted; linked files are never touched.':
    'Nur importierte Kopien lassen sich löschen; verknüpfte Dateien werden nie angerührt.',
  'The browser has cleared the offline copy of "{0}". Make it available offline again.':
    'Der Browser hat die Offline-Kopie von „{0}“ weggeräumt. Bitte erneut offline verfügbar machen.',
  '"{0}" cannot be used here. {1}': '„{0}“ ist hier nicht verwendbar. {1}',
  'The studio is still starting.': 'Das Studio startet noch.',
  '"{0}" is {1} MB, larger than any picture this studio opens.':
    '„{0}“ hat {1} MB, mehr als jedes Bild, das dieses Studio öffnet.',
  '"{0}" is damaged or truncated and cannot be decoded.':
    '„{0}“ ist beschädigt oder abgeschnitten und lässt sich nicht dekodieren.',
  '"{0}" waits until its folder may be read: allow it again in the library.':
    '„{0}“ wartet, bis der Ordner gelesen werden darf: in der Bibliothek wieder erlauben.',
  'Choose an SDXL checkpoint, or go back to the demo pack.':
    'Einen SDXL-Checkpoint wählen oder zum Demo-Paket zurückkehren.',
  'This checkpoint holds no CLIP-L text encoder. Add clip_l.safetensors, or text_encoder of its diffusers folder.':
    'Dieser Checkpoint enthält keinen CLIP-L-Text-Encoder. Bitte clip_l.safetensors hinzufügen oder text_encoder aus seinem diffusers-Ordner.',
  'This checkpoint holds no CLIP-G text encoder. Add clip_g.safetensors, or text_encoder_2 of its diffusers folder.':
    'Dieser Checkpoint enthält keinen CLIP-G-Text-Encoder. Bitte clip_g.safetensors hinzufügen oder text_encoder_2 aus seinem diffusers-Ordner.',
  'This checkpoint holds no VAE. Add one for SDXL, such as sdxl_vae.safetensors.':
    'Dieser Checkpoint enthält kein VAE. Bitte eins für SDXL hinzufügen, etwa sdxl_vae.safetensors.',
  'Image anchors are off until a CLIP vision model is chosen, CLIP-ViT-H for ip-adapter-plus.':
    'Bildanker sind aus, bis ein CLIP-Vision-Modell gewählt ist, CLIP-ViT-H für ip-adapter-plus.',
  'Image anchors are off until an IP-Adapter for SDXL is chosen, such as ip-adapter-plus_sdxl_vit-h.':
    'Bildanker sind aus, bis ein IP-Adapter für SDXL gewählt ist, etwa ip-adapter-plus_sdxl_vit-h.',
  'Nothing can be found by name until a SAM 3 model is chosen; masks can be painted by hand.':
    'Ohne ein SAM-3-Modell lässt sich nichts mit Namen finden; Masken lassen sich von Hand malen.',
  'Open a picture first.': 'Zuerst ein Bild öffnen.',
};
