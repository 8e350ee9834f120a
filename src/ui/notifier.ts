import { toast } from 'svelte-sonner';
import type { Notifier } from '#app/studio.ts';

/** The studio's messages as toasts; problems and offers stay long enough to be read and reached. */
export const toastNotifier: Notifier = {
  info(message, action) {
    if (!action) toast(message);
    else toast(message, { duration: 12_000, action: { label: action.label, onClick: action.run } });
  },
  error(message) {
    toast.error(message, { duration: 12_000 });
  },
};
