import { toast } from 'svelte-sonner';
import type { Notifier, Offer } from '#app/studio.ts';

const LONG_MS = 12_000;
const BRIEF_MS = 6000;

/** Overrules the buttons a toast has: what is not named stays as it is. */
const NO_BUTTONS: object = { action: undefined, cancel: undefined };

/** The studio's messages as toasts; problems and offers stay long enough to be read and reached. */
export const toastNotifier: Notifier = {
  info(message, offer, other) {
    if (offer) showOffer(message, offer, other);
    // Said again while it still stands, as by a key that is held, it stays one.
    else toast(message, { id: message });
  },
  error(message) {
    toast.error(message, { duration: LONG_MS });
  },
};

/** An offer that can no longer be kept loses its button; its message stays a while. */
function showOffer(message: string, { label, run, brief, until }: Offer, other: Offer | undefined): void {
  let open = true;
  const close = () => {
    open = false;
  };
  const onClick = () => {
    close();
    run();
  };
  const id = toast(message, {
    duration: brief ? BRIEF_MS : LONG_MS,
    action: { label, onClick },
    ...(other && { cancel: { label: other.label, onClick: other.run } }),
    onDismiss: close,
    onAutoClose: close,
  });
  until?.(() => {
    if (!open) return;
    // The same toast without its buttons: shown anew, it would be read out a second time.
    toast(message, { id, duration: BRIEF_MS, ...NO_BUTTONS });
  });
}
