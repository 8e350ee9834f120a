/** What model files are, and why some cannot be used: models/ */
export const models: Readonly<Record<string, string>> = {
  'See LICENSE.md of the model; the page names none': 'Siehe LICENSE.md des Modells; die Seite nennt keine',
  'Stability AI community licence (sai-nc-community), limits on commercial use':
    'Stability-AI-Community-Lizenz (sai-nc-community), gewerblich nur eingeschränkt nutzbar',
  'Not confirmed: ask its maker before using it for pay':
    'Nicht bestätigt: vor gewerblicher Nutzung beim Urheber nachfragen',
  'it has neither a Resampler (image_proj.latents) nor a projection (image_proj.proj.weight)':
    'sie hat weder einen Resampler (image_proj.latents) noch eine Projektion (image_proj.proj.weight)',
  'its projection makes {0} numbers, which are not whole tokens of {1}':
    'ihre Projektion macht {0} Zahlen, was keine ganzen Tokens zu {1} ergibt',
  'its tensor "{0}" is missing': 'Tensor „{0}“ fehlt',
  'its Resampler has no layers': 'ihr Resampler hat keine Schichten',
  'its Resampler is {0} wide, which does not divide into heads of {1}':
    'ihr Resampler ist {0} breit, was sich nicht in Köpfe zu {1} teilen lässt',
  'This IP-Adapter file cannot be used: {0}.': 'Diese IP-Adapter-Datei ist nicht verwendbar: {0}.',
  '"{0}" does not fit this checkpoint: {1}.': '„{0}“ passt nicht zu diesem Checkpoint: {1}.',
  'it has no "{0}"': '„{0}“ fehlt',
  '"{0}" is [{1}], not [{2}, {3}]': '„{0}“ ist [{1}], nicht [{2}, {3}]',
  'it has {0} attention layers where the checkpoint has {1}':
    'die Datei hat {0} Attention-Schichten, der Checkpoint {1}',
  'says the same thing as "{0}"': 'sagt dasselbe wie „{0}“',
  'This LoRA cannot be used: its tensor "{0}" {1}. The file may be damaged; download it again.':
    'Diese LoRA ist nicht verwendbar: ihr Tensor „{0}“ {1}. Die Datei ist vielleicht beschädigt; bitte neu herunterladen.',
  'The LoRA "{0}" cannot be used: its tensor "{1}" {2}. The file may be damaged; download it again.':
    'Die LoRA „{0}“ ist nicht verwendbar: ihr Tensor „{1}“ {2}. Die Datei ist vielleicht beschädigt; bitte neu herunterladen.',
  'should be a single number': 'sollte eine einzelne Zahl sein',
  'comes without the matrices it belongs to': 'kommt ohne die Matrizen, zu denen er gehört',
  'does not go with the other tensors of its module': 'passt nicht zu den anderen Tensoren seines Moduls',
  'makes [{0}] where the other product is [{1}]': 'ergibt [{0}], das andere Produkt aber [{1}]',
  'makes a factor of shape [{0}], not a matrix': 'ergibt einen Faktor der Form [{0}], keine Matrix',
  'is [{0}], which is neither one magnitude per row nor per column':
    'ist [{0}], also weder ein Betrag je Zeile noch je Spalte',
  'is [{0}], not a matrix': 'ist [{0}], keine Matrix',
  'has rank {0} where "{1}" has rank {2}; they cannot be multiplied':
    'hat Rang {0}, „{1}“ aber Rang {2}; sie lassen sich nicht multiplizieren',
  'and its two matrices have too few or too many axes':
    'und seine beiden Matrizen haben zu wenige oder zu viele Achsen',
  'is [{0}], which does not fit between "{1}" and "{2}"':
    'ist [{0}], was nicht zwischen „{1}“ und „{2}“ passt',
  'comes without its counterpart "{0}"': 'kommt ohne sein Gegenstück „{0}“',
  'is empty': 'ist leer',
  'This LoRA is of a form that the studio does not know (OFT, GLoRA or similar).':
    'Diese LoRA hat eine Form, die das Studio nicht kennt (OFT, GLoRA oder Ähnliches).',
  'This LoRA is for another kind of model (it changes "{0}"); the studio refines with the SDXL family.':
    'Diese LoRA ist für eine andere Art von Modell (sie ändert „{0}“); das Studio verfeinert mit der SDXL-Familie.',
  'This LoRA is for Stable Diffusion {0}; it does not fit the SDXL checkpoints that the studio uses.':
    'Diese LoRA ist für Stable Diffusion {0}; zu den SDXL-Checkpoints des Studios passt sie nicht.',
  'full differences': 'volle Differenzen',
  'rank up to {0}': 'Rang bis {0}',
  'rank {0}': 'Rang {0}',
  'A LoRA ({0}) for {1}.': 'Eine LoRA ({0}) für {1}.',
  'the UNet': 'das UNet',
  'both text encoders': 'beide Text-Encoder',
  'the text encoder {0}': 'den Text-Encoder {0}',
  'the UNet and {0}': 'das UNet und {0}',
  'The studio refines with the SDXL family.': 'Das Studio verfeinert mit der SDXL-Familie.',
  'This is an IP-Adapter FaceID file, which needs a face-recognition model that the studio does not have. Use ip-adapter-plus_sdxl_vit-h.':
    'Das ist eine IP-Adapter-FaceID-Datei; sie braucht ein Modell zur Gesichtserkennung, das das Studio nicht hat. Stattdessen ip-adapter-plus_sdxl_vit-h verwenden.',
  'This is a ControlNet, which the studio does not use.':
    'Das ist ein ControlNet, das das Studio nicht verwendet.',
  'This is a Flux model. {0}': 'Das ist ein Flux-Modell. {0}',
  'This is a Stable Diffusion 3 model. {0}': 'Das ist ein Stable-Diffusion-3-Modell. {0}',
  'This is a diffusion transformer of another family. {0}':
    'Das ist ein Diffusions-Transformer einer anderen Familie. {0}',
  'This is a T5 text encoder, which SDXL does not use.':
    'Das ist ein T5-Text-Encoder, den SDXL nicht verwendet.',
  'This is an ESRGAN upscaler, which the studio does not use: it scales with Lanczos and refines.':
    'Das ist ein ESRGAN-Upscaler, den das Studio nicht verwendet: es skaliert mit Lanczos und verfeinert.',
  'This SDXL model was trained with EDM noise levels (Playground 2.5 and similar), which the studio does not have.':
    'Dieses SDXL-Modell wurde mit EDM-Rauschstufen trainiert (Playground 2.5 und ähnliche), die das Studio nicht hat.',
  'This is a Stable Diffusion {0} model; the studio needs an SDXL checkpoint.':
    'Das ist ein Stable-Diffusion-{0}-Modell; das Studio braucht einen SDXL-Checkpoint.',
  'This diffusion model has no size conditioning, so it is not of the SDXL family the studio needs.':
    'Dieses Diffusionsmodell hat keine Größen-Konditionierung, gehört also nicht zur SDXL-Familie, die das Studio braucht.',
  'This is the SDXL refiner; the studio needs an SDXL base checkpoint.':
    'Das ist der SDXL-Refiner; das Studio braucht einen SDXL-Base-Checkpoint.',
  'This UNet takes {0} channels and gives {1}, so it needs more than noise and text (an edit model?); the studio cannot feed it.':
    'Dieses UNet nimmt {0} Kanäle und gibt {1}; es braucht also mehr als Rauschen und Text (ein Edit-Modell?), und das kann ihm das Studio nicht geben.',
  "This UNet's label vector is {0} wide, too narrow for SDXL's text and size conditioning.":
    'Der Label-Vektor dieses UNet ist {0} breit, zu schmal für die Text- und Größen-Konditionierung von SDXL.',
  '"{0}" is missing': '„{0}“ fehlt',
  'This looks like an SDXL checkpoint, but its tensors do not fit together: {0}. The file may be incomplete; download it again.':
    'Das sieht nach einem SDXL-Checkpoint aus, aber seine Tensoren passen nicht zusammen: {0}. Die Datei ist vielleicht unvollständig; bitte neu herunterladen.',
  'small SDXL-family': 'kleine SDXL-Familie',
  SDXL: 'SDXL',
  '{0} inpainting': '{0}, Inpainting',
  'A complete {0} checkpoint.': 'Ein vollständiger Checkpoint ({0}).',
  'The UNet of a {0} model': 'Das UNet eines Modells ({0})',
  'The UNet of an {0} model': 'Das UNet eines Modells ({0})',
  'A {0} checkpoint': 'Ein Checkpoint ({0})',
  'An {0} checkpoint': 'Ein Checkpoint ({0})',
  'a VAE': 'ein VAE',
  '{0}; it also needs {1} from other files. It is often called {2}; add it, or use a complete checkpoint.':
    '{0}; es fehlt noch {1} aus einer anderen Datei. Sie heißt oft {2}; diese hinzufügen oder einen vollständigen Checkpoint verwenden.',
  '{0}; it also needs {1} from other files. They are often called {2}; add them, or use a complete checkpoint.':
    '{0}; es fehlen noch {1} aus anderen Dateien. Sie heißen oft {2}; diese hinzufügen oder einen vollständigen Checkpoint verwenden.',
  'SAM 3 with {0} key names.': 'SAM 3 mit Schlüsselnamen der Art {0}.',
  'the hidden states': 'die Hidden States',
  'the image embedding': 'das Bild-Embedding',
  'IP-Adapter ({0}, {1} tokens); it reads {2} of a CLIP vision model, {3} wide.':
    'IP-Adapter ({0}, {1} Tokens); er liest {2} eines CLIP-Vision-Modells der Breite {3}.',
  'An autoencoder (VAE) with {0} latent channels.': 'Ein Autoencoder (VAE) mit {0} Latent-Kanälen.',
  'encoder only': 'nur Encoder',
  'decoder only': 'nur Decoder',
  'A tiny autoencoder (TAESD) with {0} latent channels.':
    'Ein winziger Autoencoder (TAESD) mit {0} Latent-Kanälen.',
  'A tiny autoencoder (TAESD) ({0}) with {1} latent channels.':
    'Ein winziger Autoencoder (TAESD) ({0}) mit {1} Latent-Kanälen.',
  'A CLIP vision model: {0} layers, {1} wide (ViT-H).':
    'Ein CLIP-Vision-Modell: {0} Schichten, Breite {1} (ViT-H).',
  'A CLIP vision model: {0} layers, {1} wide.': 'Ein CLIP-Vision-Modell: {0} Schichten, Breite {1}.',
  'Text encoder: {0}.': 'Text-Encoder: {0}.',
  'This file\'s {0} tensors (the first is "{1}") belong to no model the studio knows. It reads SDXL checkpoints, VAEs, CLIP, IP-Adapter, SAM 3 and LoRA files.':
    'Die {0} Tensoren dieser Datei (der erste ist „{1}“) gehören zu keinem Modell, das das Studio kennt. Es liest SDXL-Checkpoints, VAEs, CLIP, IP-Adapter, SAM 3 und LoRA-Dateien.',
  "The SAM 3 model's sizes do not fit together: {0}.":
    'Die Größen des SAM-3-Modells passen nicht zusammen: {0}.',
  'its position table is not square': 'seine Positionstabelle ist nicht quadratisch',
  '{0} px in patches of {1} is no multiple of its {2}-token windows':
    '{0} px in Patches zu {1} sind kein Vielfaches seiner Fenster zu {2} Tokens',
  'an image width of {0} does not divide into {1} heads':
    'eine Bildbreite von {0} lässt sich nicht in {1} Köpfe teilen',
  'a text width of {0} does not divide into {1} heads':
    'eine Textbreite von {0} lässt sich nicht in {1} Köpfe teilen',
  'a width of {0} does not divide into {1} heads': 'eine Breite von {0} lässt sich nicht in {1} Köpfe teilen',
  'global attention in block {0} of {1}': 'globale Attention in Block {0} von {1}',
  'This is not a complete SAM 3 file: it has no "{0}".':
    'Das ist keine vollständige SAM-3-Datei: „{0}“ fehlt.',
  '"{0}" has the shape [{1}], not SAM 3\'s.': '„{0}“ hat die Form [{1}], nicht die von SAM 3.',
  'The file\'s "{0}" metadata is not a JSON object.': 'Die Metadaten „{0}“ der Datei sind kein JSON-Objekt.',
  'The UNet in this file cannot be used: {0}.': 'Das UNet in dieser Datei ist nicht verwendbar: {0}.',
  'its tensor "{0}" is missing or has no axis {1}': 'Tensor „{0}“ fehlt oder hat keine Achse {1}',
  'it has no cross-attention': 'es hat keine Cross-Attention',
  '"{0}" is {1} wide, which does not divide into heads of {2}':
    '„{0}“ ist {1} breit, was sich nicht in Köpfe zu {2} teilen lässt',
  '"{0}.{1}" is missing though later ones exist': '„{0}.{1}“ fehlt, obwohl spätere da sind',
  '"{0}" is neither a ResBlock, a transformer, nor a resize':
    '„{0}“ ist weder ResBlock noch Transformer noch Größenänderung',
  '"{0}.proj_in" is a convolution, as in Stable Diffusion 1, not SDXL\'s linear layer':
    '„{0}.proj_in“ ist eine Faltung wie in Stable Diffusion 1, nicht die lineare Schicht von SDXL',
  '"{0}" is [{1}], not [{2}]': '„{0}“ ist [{1}], nicht [{2}]',
};
