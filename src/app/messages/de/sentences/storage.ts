/** Downloads, offline copies and linked folders: src/storage. */
export const storage: Readonly<Record<string, string>> = {
  '{0} kB': '{0} kB',
  'The server fell silent.': 'Der Server ist verstummt.',
  'The connection was cut.': 'Die Verbindung wurde getrennt.',
  'No address is known for "{0}".': 'Für „{0}“ ist keine Adresse bekannt.',
  '"{0}" could not be downloaded: its server did not answer as expected. Check the network and try again.':
    '„{0}“ konnte nicht heruntergeladen werden: der Server hat nicht wie erwartet geantwortet. Das Netzwerk prüfen und erneut versuchen.',
  'it has {0} bytes instead of {1}': 'sie hat {0} Bytes statt {1}',
  'its SHA-256 is another one': 'ihre SHA-256 ist eine andere',
  '"{0}" is not downloaded from "{1}": only https addresses are allowed, because anybody on the way could change the file.':
    '„{0}“ wird nicht von „{1}“ heruntergeladen: nur https-Adressen sind erlaubt, weil sonst jeder unterwegs die Datei ändern könnte.',
  'This is no access token of Hugging Face: those start with "hf_".':
    'Das ist kein Zugriffstoken von Hugging Face: die beginnen mit „hf_“.',
  '{0} does not say how long "{1}" is, so its download could not be checked. Download it yourself and link its folder.':
    '{0} sagt nicht, wie lang „{1}“ ist, darum wäre der Download nicht prüfbar. Bitte selbst herunterladen und den Ordner verknüpfen.',
  'its page': 'ihrer Seite',
  'the file is not there (any more). Look for it under another address, download it yourself and link its folder.':
    'die Datei ist nicht (mehr) da. Unter einer anderen Adresse suchen, selbst herunterladen und den Ordner verknüpfen.',
  'the server answered with status {0}. Try again later.':
    'der Server hat mit Status {0} geantwortet. Später erneut versuchen.',
  '"{0}" could not be downloaded from {1}: {2}': '„{0}“ konnte nicht von {1} heruntergeladen werden: {2}',
  'the access token was refused. Check that it may read gated files and that its account has accepted the licence on {0}.':
    'das Zugriffstoken wurde abgelehnt. Prüfen, ob es zugangsbeschränkte Dateien lesen darf und ob sein Konto die Lizenz auf {0} angenommen hat.',
  'the file is gated. Accept its licence on {0} and give an access token.':
    'die Datei ist zugangsbeschränkt. Ihre Lizenz auf {0} annehmen und ein Zugriffstoken angeben.',
  '"{0}" on the server is not the file the catalogue knows: {1}. Nothing was downloaded. Download it yourself, check it, and link its folder.':
    '„{0}“ auf dem Server ist nicht die Datei, die der Katalog kennt: {1}. Nichts wurde heruntergeladen. Bitte selbst herunterladen, prüfen und den Ordner verknüpfen.',
  '{0} names "{1}", which is not inside the linked folder "{2}". If there are models in it, link that folder too.':
    '{0} nennt „{1}“, was nicht im verknüpften Ordner „{2}“ liegt. Sind Modelle darin, auch diesen Ordner verknüpfen.',
  'The folder "{0}" may not be read (any more). Allow reading it in the Models view, then scan it again.':
    'Der Ordner „{0}“ darf nicht (mehr) gelesen werden. In der Modellansicht das Lesen erlauben, dann erneut einlesen.',
  'This imported model is no longer there. Import it again.':
    'Dieses importierte Modell ist nicht mehr da. Bitte erneut importieren.',
  '"{0}" could not be deleted completely. Try again.':
    '„{0}“ konnte nicht vollständig gelöscht werden. Bitte erneut versuchen.',
  '"{0}" arrived damaged, or is not the file it should be: its SHA-256 is wrong. It was thrown away; download it again.':
    '„{0}“ ist beschädigt angekommen oder nicht die erwartete Datei: die SHA-256 stimmt nicht. Sie wurde verworfen; bitte neu herunterladen.',
  '"{0}" is being imported already, perhaps in another tab. Wait for it to finish or stop it there.':
    '„{0}“ wird schon importiert, vielleicht in einem anderen Tab. Das Ende abwarten oder dort anhalten.',
  '"{0}" became shorter while it was being copied. Wait until whatever writes it has finished, then import it again.':
    '„{0}“ wurde während des Kopierens kürzer. Abwarten, bis fertig geschrieben ist, dann erneut importieren.',
  "The browser's storage could not be read. Reload the page; if that does not help, restart the browser.":
    'Der Speicher des Browsers ließ sich nicht lesen. Die Seite neu laden; hilft das nicht, den Browser neu starten.',
  'The imported copy of "{0}" cannot be read: it was removed, or the browser cleared it. Import it again.':
    'Die importierte Kopie von „{0}“ ist nicht lesbar: sie wurde entfernt, oder der Browser hat sie weggeräumt. Bitte erneut importieren.',
  '"{0}" could not be stored soundly: the disk twice returned other bytes than were written. Check the disk; linking the file where it lies needs no copy.':
    '„{0}“ ließ sich nicht sicher speichern: die Platte hat zweimal andere Bytes geliefert, als geschrieben wurden. Die Platte prüfen; ein verknüpfter Ordner braucht keine Kopie.',
  'The server no longer has this part of the file.': 'Der Server hat diesen Teil der Datei nicht mehr.',
  'The server answered with status {0}.': 'Der Server hat mit Status {0} geantwortet.',
  'The file on the server became another one.': 'Die Datei auf dem Server ist eine andere geworden.',
  'The server sent another part of the file than asked for.':
    'Der Server hat einen anderen Teil der Datei geschickt als verlangt.',
  'The connection ended too early.': 'Die Verbindung endete zu früh.',
  '"{0}" cannot be downloaded from {1}: it keeps changing there, or the server cannot continue a download and the connection keeps breaking. Download it yourself and link its folder.':
    '„{0}“ lässt sich nicht von {1} herunterladen: die Datei ändert sich dort ständig, oder der Server kann einen Download nicht fortsetzen und die Verbindung bricht immer wieder ab. Bitte selbst herunterladen und den Ordner verknüpfen.',
  '"{0}" on {1} is not the expected file: it has {2} bytes or more instead of {3}. Try again; if that does not help, download it yourself and link its folder.':
    '„{0}“ auf {1} ist nicht die erwartete Datei: sie hat {2} Bytes oder mehr statt {3}. Erneut versuchen; hilft das nicht, selbst herunterladen und den Ordner verknüpfen.',
  '"{0}" could not be downloaded from {1}: {2} Check the network and try again: the download goes on where it stopped.':
    '„{0}“ konnte nicht von {1} heruntergeladen werden: {2} Das Netzwerk prüfen und erneut versuchen: der Download geht dort weiter, wo er aufgehört hat.',
  '"{0}" has too many files to look at all of them. Link the folder with the models in it instead.':
    'In „{0}“ sind zu viele Dateien, um alle anzusehen. Stattdessen den Ordner verknüpfen, in dem die Modelle liegen.',
  'Folders below "{0}" were not looked at, because they are nested too deeply.':
    'Ordner unterhalb von „{0}“ wurden nicht angesehen, weil sie zu tief verschachtelt sind.',
  'The folder "{0}" could not be read.': 'Der Ordner „{0}“ konnte nicht gelesen werden.',
  '"{0}" could not be opened; it may have been moved just now.':
    '„{0}“ ließ sich nicht öffnen; vielleicht wurde es gerade verschoben.',
  '"{0}" could not be read.': '„{0}“ konnte nicht gelesen werden.',
  '"{0}" is split into several .safetensors files, which are not supported yet. Use a single-file version of the model, or merge it with save_pretrained(…, max_shard_size="100GB").':
    '„{0}“ ist auf mehrere .safetensors-Dateien verteilt, was noch nicht unterstützt wird. Eine Version des Modells in einer Datei verwenden oder mit save_pretrained(…, max_shard_size="100GB") zusammenfügen.',
  '"{0}" could not be stored: the browser\'s storage answered "{1}". What was stored before is kept; try again to go on from there.':
    '„{0}“ ließ sich nicht speichern: der Speicher des Browsers hat „{1}“ gemeldet. Was vorher gespeichert war, bleibt; erneut versuchen setzt dort fort.',
  'The browser\'s storage is full: "{0}" needs {1} more.':
    'Der Speicher des Browsers ist voll: „{0}“ braucht {1} mehr.',
  'The browser reports about {0} left for this site.':
    'Der Browser meldet, dass für diese Seite noch etwa {0} frei sind.',
  '{0} Free space on the disk or remove imported models in the Models view, then import again: it goes on where it stopped. Linking the folder instead needs no space.':
    '{0} Platz auf der Platte schaffen oder in der Modellansicht importierte Modelle entfernen, dann erneut importieren: es geht dort weiter, wo es aufgehört hat. Ein verknüpfter Ordner braucht keinen Platz.',
  '"{0}" changed while it was being read; nothing of it was used. Wait until whatever writes it has finished, then scan the folder again or choose the file again.':
    '„{0}“ hat sich beim Lesen geändert; nichts davon wurde verwendet. Abwarten, bis fertig geschrieben ist, dann den Ordner neu einlesen oder die Datei erneut wählen.',
  '"{0}" may no longer be read, because the permission for its folder was withdrawn. Allow reading the folder again in the Models view, then try again.':
    '„{0}“ darf nicht mehr gelesen werden, weil die Erlaubnis für den Ordner entzogen wurde. In der Modellansicht das Lesen wieder erlauben und erneut versuchen.',
  '"{0}" is no longer where it was: it was moved, renamed or deleted. Put it back, or scan the folder again.':
    '„{0}“ ist nicht mehr am alten Ort: verschoben, umbenannt oder gelöscht. Zurücklegen oder den Ordner neu einlesen.',
  '"{0}" could not be read. The browser says: {1}. Check that its drive is connected and try again.':
    '„{0}“ konnte nicht gelesen werden. Der Browser sagt: {1}. Prüfen, ob das Laufwerk angeschlossen ist, und erneut versuchen.',
  '"{0}" could not be read. Check that its drive is connected and try again.':
    '„{0}“ konnte nicht gelesen werden. Prüfen, ob das Laufwerk angeschlossen ist, und erneut versuchen.',
};
