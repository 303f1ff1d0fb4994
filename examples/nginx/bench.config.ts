import { defineConfig } from 'hopcost';

export default defineConfig({
  proxies: ['l7-http', 'own'],
  subjects: [{ name: 'my-nginx', layer: 'l7', command: ['./start.sh', '{listen}', '{upstream}'] }],
});
