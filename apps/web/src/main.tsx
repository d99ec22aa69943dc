import { render } from 'preact';
import { App } from './page/app.tsx';
import { acceptDrops } from './page/drop.ts';
import { startMachines } from './page/machines.ts';
import './page/style.css';

startMachines();
acceptDrops();
render(<App />, document.getElementById('app')!);
// Not while developing: the development server changes files under their names.
if (!import.meta.hot && 'serviceWorker' in navigator)
  void navigator.serviceWorker.register(new URL('sw.js', document.baseURI)).catch(() => undefined);
