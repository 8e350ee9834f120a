import * as Comlink from 'comlink';
import { ViewerWorker } from './drawing/viewer-worker.ts';

Comlink.expose(new ViewerWorker());
