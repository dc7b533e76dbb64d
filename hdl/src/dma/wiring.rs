//! How clients, arbiters and ports are wired. In names, `_p` is of port p.

use super::{CLIENTS, Client, RESPONSE_CYCLES, W_DATA_CYCLES, bursts_under_way, reads_under_way};
use crate::emit::{Module, NEVER, Wiring, part, side_by_side};
use satkit_spec::{ArrayConfig, memory_map};

/// Bits of an address in beats that are within a page, and of addresses in bytes and in beats.
pub(super) const PAGE_BITS: usize = 6;
const ADDRESS: usize = 36;
const BEAT_ADDRESS: usize = 30;
pub(super) const DATA: usize = 512;
const STROBE: usize = 64;
/// Address and length of a burst.
const REQUEST: usize = BEAT_ADDRESS + PAGE_BITS;
/// Bits that number the beats that a port has pulled ahead.
const AHEAD_BITS: usize = 3;

/// Ports of an AXI4 master without identifiers: name, bits, and whether the master drives it.
const AXI: [(&str, usize, bool); 25] = [
    ("awaddr", ADDRESS, true),
    ("awlen", 8, true),
    ("awsize", 3, true),
    ("awburst", 2, true),
    ("awvalid", 1, true),
    ("awready", 1, false),
    ("wdata", DATA, true),
    ("wstrb", STROBE, true),
    ("wlast", 1, true),
    ("wvalid", 1, true),
    ("wready", 1, false),
    ("bresp", 2, false),
    ("bvalid", 1, false),
    ("bready", 1, true),
    ("araddr", ADDRESS, true),
    ("arlen", 8, true),
    ("arsize", 3, true),
    ("arburst", 2, true),
    ("arvalid", 1, true),
    ("arready", 1, false),
    ("rdata", DATA, false),
    ("rresp", 2, false),
    ("rlast", 1, false),
    ("rvalid", 1, false),
    ("rready", 1, true),
];

/// The module `dma`.
pub(super) fn dma(config: &ArrayConfig) -> Module {
    let channels = config.dram_channels;
    let mut text = Wiring::new("dma");
    for name in ["clock", "reset", "hold", "clear"] {
        text.input(name, 1);
    }
    text.output("idle", 1);
    text.output("r_data", DATA * channels);
    text.output("r_error", channels);
    text.output("b_error", channels);
    for client in CLIENTS {
        client_ports(&mut text, client, channels);
    }
    for p in 0..channels {
        for (name, bits, drives) in AXI {
            let name = format!("m_axi_{p}_{name}");
            if drives { text.output(&name, bits) } else { text.input(&name, bits) }
        }
    }
    for client in CLIENTS {
        requests(&mut text, client, channels);
    }
    for p in 0..channels {
        read_port(&mut text, p, config);
        write_port(&mut text, p, config);
    }
    for (number, client) in CLIENTS.into_iter().enumerate() {
        answers(&mut text, number, client, channels);
    }
    text.gather("r_error", (0..channels).map(|p| format!("r_error_{p}")));
    text.gather("b_error", (0..channels).map(|p| format!("b_error_{p}")));
    let busy = (0..channels).map(|p| format!("read_busy_{p} | write_busy_{p}"));
    text.assign("idle", &format!("~({})", busy.collect::<Vec<_>>().join(" | ")));
    text.finish()
}

fn client_ports(text: &mut Wiring, Client { name, writes }: Client, channels: usize) {
    for direction in ["ar", "aw"].into_iter().take(1 + usize::from(writes)) {
        text.input(&format!("{name}_{direction}_valid"), 1);
        text.input(&format!("{name}_{direction}_address"), 32);
        text.input(&format!("{name}_{direction}_beats"), 7);
        text.output(&format!("{name}_{direction}_ready"), 1);
        text.output(&format!("{name}_{direction}_refused"), 1);
    }
    text.output(&format!("{name}_r_valid"), channels);
    if writes {
        text.output(&format!("{name}_w_pull"), channels);
        text.input(&format!("{name}_w_data"), DATA * channels);
        text.input(&format!("{name}_w_strobe"), STROBE * channels);
        text.output(&format!("{name}_b_valid"), channels);
    }
    text.output(&format!("{name}_fault"), 1);
    text.output(&format!("{name}_fault_address"), 38);
}

/// What a client asks for, looked at, and for which port.
fn requests(text: &mut Wiring, Client { name, writes }: Client, channels: usize) {
    let last_page = memory_map::BYTES / memory_map::INTERLEAVE_BYTES - 1;
    for direction in ["ar", "aw"].into_iter().take(1 + usize::from(writes)) {
        let own = |what: &str| format!("{name}_{direction}_{what}");
        text.wire(&own("asks"), 1);
        text.wire(&own("request"), REQUEST);
        text.instance(
            "dma_check",
            &format!("check_{name}_{direction}"),
            &[],
            &[
                ("valid", own("valid")),
                ("address", own("address")),
                ("beats", own("beats")),
                ("hold", "hold".into()),
                ("last_page", format!("26'd{last_page}")),
                ("asks", own("asks")),
                ("refused", own("refused")),
                ("request", own("request")),
            ],
        );
        // The channel is the lowest bits of the page.
        let (bits, low) = (channels.ilog2() as usize, 2 * PAGE_BITS);
        for p in 0..channels {
            let here = match bits {
                0 => own("asks"),
                1 => format!("{} & ({}[{low}] == 1'd{p})", own("asks"), own("request")),
                _ => {
                    let channel = format!("{}[{}:{low}]", own("request"), low + bits - 1);
                    format!("{} & ({channel} == {bits}'d{p})", own("asks"))
                }
            };
            text.value(&format!("{}_{p}", own("asks")), 1, &here);
        }
    }
}

/// Port `p`'s arbiter in one direction, and what it takes.
fn arbiter(text: &mut Wiring, p: usize, direction: &str, is_client: impl Fn(&Client) -> bool) {
    let wire = |what: &str| format!("{direction}_{what}_{p}");
    // Who asks hears in the same cycle of the same block that it is granted.
    text.wire_between_blocks(&wire("grant"), 6);
    for (what, bits) in [("taken", 1), ("client", 3), ("request", REQUEST)] {
        text.wire(&wire(what), bits);
    }
    text.wire(&wire("room"), 1);
    let of = |what: &str, none: &str| -> Vec<String> {
        let name = |client: &Client| client.name;
        let each = CLIENTS.iter().map(|client| {
            if is_client(client) {
                format!("{}_{direction}_{what}", name(client))
            } else {
                none.to_owned()
            }
        });
        each.collect()
    };
    let asks = of("asks", "")
        .into_iter()
        .map(|asks| if asks.is_empty() { NEVER.to_owned() } else { format!("{asks}_{p}") });
    let mut connections =
        vec![("asks", side_by_side(asks.collect::<Vec<_>>().into_iter())), ("room", wire("room"))];
    let names = ["request_0", "request_1", "request_2", "request_3", "request_4", "request_5"];
    connections.extend(names.into_iter().zip(of("request", &format!("{REQUEST}'h0"))));
    for what in ["grant", "taken", "client", "request"] {
        connections.push((what, wire(what)));
    }
    text.instance("dma_arbiter", &format!("{direction}_arbiter_{p}"), &[], &connections);
}

/// A FIFO in a module, and what its ports are connected to.
pub(crate) struct Fifo<'a> {
    pub(crate) name: &'a str,
    pub(crate) bits: usize,
    /// Bits that number its words.
    pub(crate) address: usize,
    pub(crate) push: &'a str,
    pub(crate) data: &'a str,
    pub(crate) pop: &'a str,
    pub(crate) room: &'a str,
}

/// A FIFO with `_holds` and `_head` after its name.
pub(crate) fn fifo(text: &mut Wiring, fifo: &Fifo<'_>) {
    let Fifo { name, bits, address, push, data, pop, room } = *fifo;
    text.wire(&format!("{name}_holds"), 1);
    text.wire(&format!("{name}_head"), bits);
    text.instance(
        "fifo_ram",
        name,
        &[("WIDTH", bits), ("ADDRESS", address)],
        &[
            ("clock", "clock".into()),
            ("reset", "reset".into()),
            ("push", push.into()),
            ("data", data.into()),
            ("pop", pop.into()),
            ("holds", format!("{name}_holds")),
            ("room", room.into()),
            ("head", format!("{name}_head")),
        ],
    );
}

/// Constants of an address channel: beats of 64 bytes, at addresses that go up.
fn burst(text: &mut Wiring, p: usize, channel: &str) {
    text.assign(&format!("m_axi_{p}_{channel}size"), "3'd6");
    text.assign(&format!("m_axi_{p}_{channel}burst"), "2'd1");
}

fn read_port(text: &mut Wiring, p: usize, config: &ArrayConfig) {
    let axi = |name: &str| format!("m_axi_{p}_{name}");
    arbiter(text, p, "ar", |_| true);
    for (wire, bits) in
        [("read_pop", 1), ("read_order_room", 1), ("r_owner", 6), ("r_fault", 6), ("read_busy", 1)]
    {
        text.wire(&format!("{wire}_{p}"), bits);
    }
    text.wire(&format!("r_fault_address_{p}"), BEAT_ADDRESS);
    text.wire(&format!("r_error_{p}"), 1);
    fifo(
        text,
        &Fifo {
            name: &format!("read_order_{p}"),
            bits: 3 + REQUEST,
            address: reads_under_way(config).ilog2() as usize,
            push: &format!("ar_taken_{p}"),
            data: &format!("{{ar_client_{p}, ar_request_{p}}}"),
            pop: &format!("read_pop_{p}"),
            room: &format!("read_order_room_{p}"),
        },
    );
    text.instance(
        "dma_read_port",
        &format!("read_port_{p}"),
        &[],
        &[
            ("clock", "clock".into()),
            ("reset", "reset".into()),
            ("push", format!("ar_taken_{p}")),
            ("request", format!("ar_request_{p}")),
            ("room", format!("ar_room_{p}")),
            ("arvalid", axi("arvalid")),
            ("arready", axi("arready")),
            ("araddr", axi("araddr")),
            ("arlen", axi("arlen")),
            ("rvalid", axi("rvalid")),
            ("rresp", axi("rresp")),
            ("rlast", axi("rlast")),
            ("order_room", format!("read_order_room_{p}")),
            ("order_holds", format!("read_order_{p}_holds")),
            ("order_head", format!("read_order_{p}_head")),
            ("order_pop", format!("read_pop_{p}")),
            ("client_valid", format!("r_owner_{p}")),
            ("error", format!("r_error_{p}")),
            ("fault", format!("r_fault_{p}")),
            ("fault_address", format!("r_fault_address_{p}")),
            ("busy", format!("read_busy_{p}")),
        ],
    );
    burst(text, p, "ar");
    text.assign(&axi("rready"), "1'b1");
    text.delayed(&format!("beat_{p}"), DATA, RESPONSE_CYCLES, &axi("rdata"), NEVER);
    text.assign(&part("r_data", p, DATA), &format!("beat_{p}"));
}

fn write_port(text: &mut Wiring, p: usize, config: &ArrayConfig) {
    let axi = |name: &str| format!("m_axi_{p}_{name}");
    let own = |name: &str| format!("{name}_{p}");
    arbiter(text, p, "aw", |client| client.writes);
    for (wire, bits) in [
        ("data_pop", 1),
        ("data_room", 1),
        ("response_pop", 1),
        ("response_room", 1),
        ("pull", 6),
        ("pull_last", 1),
        ("b_owner", 6),
        ("b_fault", 6),
        ("b_fault_address", BEAT_ADDRESS),
        ("b_error", 1),
        ("write_busy", 1),
    ] {
        text.wire(&own(wire), bits);
    }
    let address = bursts_under_way(config).ilog2() as usize;
    fifo(
        text,
        &Fifo {
            name: &own("data_order"),
            bits: 3 + PAGE_BITS,
            address,
            push: &own("aw_taken"),
            data: &format!("{{aw_client_{p}, aw_request_{p}[{}:0]}}", PAGE_BITS - 1),
            pop: &own("data_pop"),
            room: &own("data_room"),
        },
    );
    fifo(
        text,
        &Fifo {
            name: &own("response_order"),
            bits: 3 + BEAT_ADDRESS,
            address,
            push: &own("aw_taken"),
            data: &format!("{{aw_client_{p}, aw_request_{p}[{}:{PAGE_BITS}]}}", REQUEST - 1),
            pop: &own("response_pop"),
            room: &own("response_room"),
        },
    );
    let leaves = format!("{} & {}", axi("wvalid"), axi("wready"));
    text.value(&own("beat_leaves"), 1, &leaves);
    text.instance(
        "dma_write_port",
        &own("write_port"),
        &[],
        &[
            ("clock", "clock".into()),
            ("reset", "reset".into()),
            ("push", own("aw_taken")),
            ("request", own("aw_request")),
            ("room", own("aw_room")),
            ("awvalid", axi("awvalid")),
            ("awready", axi("awready")),
            ("awaddr", axi("awaddr")),
            ("awlen", axi("awlen")),
            ("beat_leaves", own("beat_leaves")),
            ("bvalid", axi("bvalid")),
            ("bresp", axi("bresp")),
            ("order_room", format!("data_room_{p} & response_room_{p}")),
            ("data_holds", format!("data_order_{p}_holds")),
            ("data_head", format!("data_order_{p}_head")),
            ("data_pop", own("data_pop")),
            ("response_holds", format!("response_order_{p}_holds")),
            ("response_head", format!("response_order_{p}_head")),
            ("response_pop", own("response_pop")),
            ("pull", own("pull")),
            ("pull_last", own("pull_last")),
            ("client_done", own("b_owner")),
            ("error", own("b_error")),
            ("fault", own("b_fault")),
            ("fault_address", own("b_fault_address")),
            ("busy", own("write_busy")),
        ],
    );
    burst(text, p, "aw");
    text.assign(&axi("bready"), "1'b1");

    // What is pulled comes later, and waits for the memory in a FIFO of its own.
    text.delayed(&own("comes"), 6, W_DATA_CYCLES, &own("pull"), "reset");
    text.delayed(&own("comes_last"), 1, W_DATA_CYCLES, &own("pull_last"), NEVER);
    let readers = CLIENTS.iter().filter(|client| !client.writes).count();
    let unused = ["aw_grant", "comes", "b_owner", "b_fault"];
    let unused = unused.map(|wire| format!("{wire}_{p}[{}:0]", readers - 1));
    text.value(&own("unused_clients"), 4 * readers, &side_by_side(unused.into_iter()));
    let chosen = |what: &str, bits: usize| -> String {
        let clients = CLIENTS.iter().enumerate().filter(|(_, client)| client.writes);
        let each = clients.map(|(number, client)| {
            let of = part(&format!("{}_{what}", client.name), p, bits);
            format!("({of} & {{{bits}{{comes_{p}[{number}]}}}})")
        });
        each.collect::<Vec<_>>().join(" | ")
    };
    text.value(&own("data"), DATA, &chosen("w_data", DATA));
    text.value(&own("strobe"), STROBE, &chosen("w_strobe", STROBE));
    text.wire(&own("unused_ahead_room"), 1);
    fifo(
        text,
        &Fifo {
            name: &own("ahead"),
            bits: 1 + STROBE + DATA,
            address: AHEAD_BITS,
            push: &format!("|comes_{p}"),
            data: &format!("{{comes_last_{p}, strobe_{p}, data_{p}}}"),
            pop: &own("beat_leaves"),
            room: &own("unused_ahead_room"),
        },
    );
    text.assign(&axi("wvalid"), &format!("ahead_{p}_holds"));
    text.assign(
        &format!("{{{}, {}, {}}}", axi("wlast"), axi("wstrb"), axi("wdata")),
        &format!("ahead_{p}_head"),
    );
}

/// What a client hears.
fn answers(text: &mut Wiring, number: usize, client: Client, channels: usize) {
    let Client { name, writes } = client;
    let of_ports =
        |wire: &str| side_by_side((0..channels).map(|p| format!("{wire}_{p}[{number}]")));
    let granted =
        |wire: &str| (0..channels).map(|p| format!("{wire}_{p}[{number}]")).collect::<Vec<_>>();
    text.assign(&format!("{name}_ar_ready"), &granted("ar_grant").join(" | "));
    text.assign(&format!("{name}_r_valid"), &of_ports("r_owner"));
    if writes {
        text.assign(&format!("{name}_aw_ready"), &granted("aw_grant").join(" | "));
        text.assign(&format!("{name}_w_pull"), &of_ports("pull"));
        text.assign(&format!("{name}_b_valid"), &of_ports("b_owner"));
    }
    // Ports that are not there have no faults.
    let absent = 4 - channels;
    let faults = |wire: &str| -> String {
        let own = (0..channels).map(|p| format!("{wire}_{p}[{number}]"));
        side_by_side(
            own.chain((absent > 0).then(|| format!("{absent}'h0"))).collect::<Vec<_>>().into_iter(),
        )
    };
    let addresses = |wire: &str| -> String {
        let own = (0..channels).map(|p| format!("{wire}_{p}"));
        let none = (absent > 0).then(|| format!("{}'h0", absent * BEAT_ADDRESS));
        side_by_side(own.chain(none).collect::<Vec<_>>().into_iter())
    };
    let either = |what: String, none: &str| if writes { what } else { none.to_owned() };
    text.instance(
        "dma_first_fault",
        &format!("fault_{name}"),
        &[],
        &[
            ("clock", "clock".into()),
            ("clear", "reset | clear".into()),
            ("read_refused", format!("{name}_ar_refused")),
            ("read_address", format!("{name}_ar_address")),
            ("write_refused", either(format!("{name}_aw_refused"), NEVER)),
            ("write_address", either(format!("{name}_aw_address"), "32'h0")),
            ("reads", faults("r_fault")),
            ("read_addresses", addresses("r_fault_address")),
            ("writes", either(faults("b_fault"), "4'h0")),
            ("write_addresses", either(addresses("b_fault_address"), "120'h0")),
            ("fault", format!("{name}_fault")),
            ("address", format!("{name}_fault_address")),
        ],
    );
}
