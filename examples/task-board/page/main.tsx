// The entry of the page.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app.tsx';
import { Catch } from './catch.tsx';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Catch>
        <App />
      </Catch>
    </StrictMode>,
  );
}
if ('serviceWorker' in navigator) void navigator.serviceWorker.register('/worker.js');
