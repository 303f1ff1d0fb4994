/** Envoy's addresses (config.core.v3.Address): a socket's, of TCP or UDP. */
import type { Fields } from './fields.ts';
import type { Endpoint } from './intent.ts';

/** `address: { socket_address: { address, port_value } }` of whatever has one. */
export function readAddress(holder: Fields): Endpoint & { readonly protocol: 'tcp' | 'udp' } {
  const address = holder.required('address', holder.object('address'));
  if (address?.has('pipe')) {
    address.unsupported('pipe');
    address.leave();
    return { host: '', port: 0, protocol: 'tcp' };
  }
  const socket = address?.required('socket_address', address.object('socket_address'));
  const protocol = socket?.choice('protocol', { TCP: 'tcp', UDP: 'udp' } as const) ?? 'tcp';
  const host = socket?.required('address', socket.string('address')) ?? '';
  const port = socket?.required('port_value', socket.number('port_value')) ?? 0;
  socket?.ignore('ipv4_compat', 'an IPv6 listener takes IPv4 clients where the system lets it');
  return { host, port, protocol };
}

/** The same where only TCP will do. */
export function readTcpAddress(holder: Fields): Endpoint {
  const { host, port, protocol } = readAddress(holder);
  if (protocol === 'udp') holder.refuse('address', 'UDP is for listeners and for what they lead to');
  return { host, port };
}
