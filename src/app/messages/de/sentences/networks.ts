/** The graphics card and the networks on it: src/gpu and src/inference. */
export const networks: Readonly<Record<string, string>> = {
  'The graphics adapter did not give a device. Restart the browser.':
    'Der Grafikadapter hat kein Gerät geliefert. Bitte den Browser neu starten.',
  'The graphics device was lost ({0}). Finished areas are kept; start the job again.':
    'Die Grafikkarte ist ausgefallen ({0}). Fertige Bereiche bleiben erhalten; den Lauf bitte neu starten.',
  'no reason given': 'kein Grund genannt',
  'Not enough graphics memory for {0}. Close other tabs, or lower the size.':
    'Zu wenig Grafikspeicher für {0}. Andere Tabs schließen oder die Größe verringern.',
  'The graphics device refused {0}: {1}': 'Die Grafikkarte hat {0} abgelehnt: {1}',
  'The IP-Adapter "{0}" reads {1} vision features, but "{2}" gives {3}. Please choose the vision encoder the adapter was made for.':
    'Der IP-Adapter „{0}“ liest {1} Vision-Merkmale, „{2}“ liefert aber {3}. Bitte den Vision-Encoder wählen, für den der Adapter gemacht ist.',
  none: 'keine',
  'The VAE of "{0}" makes one latent of {1} px; the studio needs one of {2} px.':
    'Das VAE von „{0}“ macht ein Latent aus {1} px; das Studio braucht eins aus {2} px.',
  'The autoencoder "{0}" gave values that are not numbers ({1}), even in 32-bit arithmetic. Its file may be damaged; please choose another VAE.':
    'Der Autoencoder „{0}“ hat Werte geliefert, die keine Zahlen sind ({1}), auch in 32-Bit-Rechnung. Die Datei ist vielleicht beschädigt; bitte ein anderes VAE wählen.',
  'The UNet of "{0}"': 'Das UNet von „{0}“',
  '"{0}" takes {1} channels and gives {2}; the studio needs a text-to-image or inpainting model.':
    '„{0}“ nimmt {1} Kanäle und gibt {2}; das Studio braucht ein Text-zu-Bild- oder Inpainting-Modell.',
  'The graphics device refused a call: {0}': 'Die Grafikkarte hat einen Aufruf abgelehnt: {0}',
  'The LoRA "{0}" cannot be used: its tensor "{1}" {2}. The file may be damaged; download it again or take it out of the stack.':
    'Die LoRA „{0}“ ist nicht verwendbar: ihr Tensor „{1}“ {2}. Die Datei ist vielleicht beschädigt; neu herunterladen oder aus dem Stapel nehmen.',
  'is of type {0}, which holds no real numbers': 'ist vom Typ {0}, der keine reellen Zahlen enthält',
  'holds values that are not finite': 'enthält Werte, die nicht endlich sind',
  'makes the weight grow beyond all numbers': 'lässt das Gewicht über alle Zahlen hinaus wachsen',
  'The strength of the LoRA "{0}" is {1}; it must be a number.':
    'Die Stärke der LoRA „{0}“ ist {1}; sie muss eine Zahl sein.',
  'Stopped, because the models were changed. Start the job again.':
    'Gestoppt, weil die Modelle geändert wurden. Den Lauf bitte neu starten.',
  'reading what "{0}" had computed': 'Lesen der Ergebnisse von „{0}“',
  'loading {0}': 'Laden von {0}',
  'running {0}': 'Ausführen von {0}',
  'releasing {0}': 'Freigeben von {0}',
  '{0} gave values that are not numbers, even in 32-bit arithmetic. Its file may be damaged, or a LoRA too strong: remove LoRAs, import the file again, or choose another one.':
    '{0} hat Werte geliefert, die keine Zahlen sind, auch in 32-Bit-Rechnung. Die Datei ist vielleicht beschädigt oder eine LoRA zu stark: LoRAs entfernen, die Datei neu importieren oder eine andere wählen.',
  'CLIP-L (often clip_l.safetensors)': 'CLIP-L (oft clip_l.safetensors)',
  'CLIP-bigG (often clip_g.safetensors)': 'CLIP-bigG (oft clip_g.safetensors)',
  'SDXL needs two text encoders, and {0} lacks {1}. Please add what is missing, or use a complete checkpoint.':
    'SDXL braucht zwei Text-Encoder, und in {0} fehlt {1}. Bitte das Fehlende hinzufügen oder einen vollständigen Checkpoint verwenden.',
  'SDXL needs two text encoders, and {0} lack {1}. Please add what is missing, or use a complete checkpoint.':
    'SDXL braucht zwei Text-Encoder, und in {0} fehlt {1}. Bitte das Fehlende hinzufügen oder einen vollständigen Checkpoint verwenden.',
  'The text encoder in "{0}"': 'Der Text-Encoder in „{0}“',
  'The graphics device was lost while {0}. {1}': 'Die Grafikkarte ist beim {0} ausgefallen. {1}',
  'The browser tab ran out of memory while {0}. Close other tabs and programs, then reload the page.':
    'Dem Browser-Tab ist beim {0} der Speicher ausgegangen. Andere Tabs und Programme schließen, dann die Seite neu laden.',
  'Not enough memory for {0}. Close other tabs, lower the batch or tile size, or choose a smaller model.':
    'Zu wenig Speicher zum {0}. Andere Tabs schließen, Batch oder Kachelgröße verringern oder ein kleineres Modell wählen.',
  'The runtime crashed while {0}. {1}': 'Die Laufzeitumgebung ist beim {0} abgestürzt. {1}',
  'The runtime stopped answering while {0}. {1}': 'Die Laufzeitumgebung antwortet beim {0} nicht mehr. {1}',
  'Finished areas are kept; reload the page, then start the job again.':
    'Fertige Bereiche bleiben erhalten; die Seite neu laden und den Lauf neu starten.',
  'SAM 3 answered with values that are not finite; its weights may be damaged.':
    'SAM 3 hat mit Werten geantwortet, die nicht endlich sind; die Gewichte sind vielleicht beschädigt.',
  '"{0}" is not a SAM 3 file: it has no detector decoder under any known name.':
    '„{0}“ ist keine SAM-3-Datei: unter keinem bekannten Namen ist ein Detektor-Decoder darin.',
  '"{0}" is an incomplete SAM 3 file: {1} tensors are missing, first "{2}".':
    '„{0}“ ist eine unvollständige SAM-3-Datei: {1} Tensoren fehlen, zuerst „{2}“.',
  '"{0}" does not fit together: its tensor "{1}" is [{2}] where the others need [{3}].':
    '„{0}“ passt nicht zusammen: Tensor „{1}“ ist [{2}], die anderen brauchen aber [{3}].',
  '"{0}" has no interactive predictor; clicks and boxes need a complete SAM 3 file.':
    '„{0}“ hat keinen interaktiven Prädiktor; Klicks und Kästen brauchen eine vollständige SAM-3-Datei.',
  '"{0}" holds no CLIP vision encoder. Image anchors need one, such as CLIP ViT-H/14.':
    '„{0}“ enthält keinen CLIP-Vision-Encoder. Bildanker brauchen einen, etwa CLIP ViT-H/14.',
  '{0} holds values beyond ±{1}, the largest that 16-bit numbers reach. Choose another version of this file.':
    '{0} enthält Werte jenseits von ±{1}, dem Größten, was 16-Bit-Zahlen fassen. Bitte eine andere Version dieser Datei wählen.',
  '"{0}" of "{1}"': '„{0}“ von „{1}“',
  'A weight of "{0}"': 'Ein Gewicht von „{0}“',
};
