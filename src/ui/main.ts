import { mount } from 'svelte';
import { demoDefaults } from '#app/demo-defaults.ts';
import { browserDocuments } from '#app/document-session.svelte.ts';
import { takeFiles } from '#app/dropped-files.ts';
import { takeLaunchedFiles } from '#app/launch.ts';
import { followLanguages } from '#app/messages.ts';
import { keepOffline } from '#app/offline.ts';
import { Studio } from '#app/studio.ts';
import App from './App.svelte';
import { toastNotifier } from './notifier.ts';
import './theme.css';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app element');
followLanguages(navigator.languages);
window.addEventListener('languagechange', () => followLanguages(navigator.languages));
const studio = new Studio(toastNotifier, demoDefaults(), undefined, browserDocuments());
mount(App, { target, props: { studio } });
takeLaunchedFiles(
  (files) => takeFiles(studio, files),
  (sentence) => toastNotifier.error(sentence),
);
void keepOffline(toastNotifier);
