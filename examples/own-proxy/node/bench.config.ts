import { defineConfig } from 'hopcost';

export default defineConfig({
  proxies: ['l4-tcp', 'l7-http', 'own'],
  subjects: [{ name: 'mine', layer: 'l7', command: ['node', 'proxy.js', '{listen}', '{upstream}'] }],
});
