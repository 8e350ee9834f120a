import { toast } from 'svelte-sonner';
import type { Notifier } from '#app/studio.ts';

const LONG_MS = 12_000;
const BRIEF_MS = 6000;

/** The studio's messages as toasts; problems and offers stay long enough to be read and reached. */
export const toastNotifier: Notifier = {
  info(message, offer, other) {
    if (!offer) return void toast(message);
    const { label, run, brief } = offer;
    const second = other && { cancel: { label: other.label, onClick: other.run } };
    toast(message, { duration: brief ? BRIEF_MS : LONG_MS, action: { label, onClick: run }, ...second });
  },
  error(message) {
    toast.error(message, { duration: LONG_MS });
  },
};
