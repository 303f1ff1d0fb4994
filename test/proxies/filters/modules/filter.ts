/** Somebody's own filter, as a test configures it. */
import type { UserFilterModule } from '#proxies/filters/user.ts';

interface Config {
  readonly does: 'throw' | 'reject' | 'hang' | 'refuse' | 'mark';
}

const own: UserFilterModule = {
  create(config) {
    const { does } = config as Config;
    if (does === undefined) throw new TypeError('expected a config that says what the filter does');
    return {
      request(head) {
        if (head.get('x-spare') !== undefined) return undefined;
        if (does === 'throw') throw new Error('thrown on purpose');
        if (does === 'reject') return Promise.reject(new Error('rejected on purpose'));
        if (does === 'hang') return new Promise(() => {});
        if (does === 'refuse') return { status: 418 };
        head.set('X-Own', 'yes');
        return undefined;
      },
    };
  },
};
export default own;
