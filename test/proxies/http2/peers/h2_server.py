"""A server of one connection at a time made of the package `h2`: a GET is answered with its own head, anything else with its body.

Prints its port. Ends with its standard input.
"""

import os
import socket
import threading

import h2.config
import h2.connection
import h2.events


def serve(sock):
    conn = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
    conn.initiate_connection()
    sock.sendall(conn.data_to_send())
    requests, bodies, waiting = {}, {}, {}

    def pump(stream_id):
        body = waiting[stream_id]
        while body:
            size = min(conn.local_flow_control_window(stream_id), conn.max_outbound_frame_size, len(body))
            if size == 0:
                break
            conn.send_data(stream_id, bytes(body[:size]))
            del body[:size]
        if not body:
            conn.send_headers(stream_id, [("x-trailer", "last")], end_stream=True)
            del waiting[stream_id]

    while data := sock.recv(65536):
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                requests[event.stream_id] = dict(event.headers)
                bodies[event.stream_id] = bytearray()
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
                conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                head = requests[event.stream_id]
                conn.send_headers(event.stream_id, [(":status", "200"), ("server", "h2")])
                text = f"{head[':method']} {head[':path']}".encode() if head[":method"] == "GET" else bodies[event.stream_id]
                waiting[event.stream_id] = bytearray(text)
        for stream_id in list(waiting):
            pump(stream_id)
        sock.sendall(conn.data_to_send())


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            sock, _ = listener.accept()
            with sock:
                serve(sock)

    threading.Thread(target=accept, daemon=True).start()
    while os.read(0, 4096):
        pass


main()
