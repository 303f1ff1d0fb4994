import { defineConfig } from 'hopcost';

export default defineConfig({
  proxies: ['l4-tcp', 'own'],
  subjects: [{ name: 'mine', layer: 'l4', command: ['python3', 'proxy.py', '{listen}', '{upstream}'] }],
});
