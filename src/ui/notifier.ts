import { toast } from 'svelte-sonner';
import type { Notifier } from '#app/studio.ts';

/** The studio's messages as toasts; problems stay long enough to be read. */
export const toastNotifier: Notifier = {
  info(message, action) {
    toast(message, action ? { action: { label: action.label, onClick: action.run } } : {});
  },
  error(message) {
    toast.error(message, { duration: 12_000 });
  },
};
