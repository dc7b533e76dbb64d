//! The top's ports: what a card's register window, masters and interrupt are called in the Verilog.

use crate::{Model, PortId, RtlError};

/// Signals of an AXI4-Lite slave port, by who drives them.
#[derive(Debug)]
pub(super) struct Lite {
    pub(super) awaddr: PortId,
    pub(super) awvalid: PortId,
    pub(super) wdata: PortId,
    pub(super) wstrb: PortId,
    pub(super) wvalid: PortId,
    pub(super) bready: PortId,
    pub(super) araddr: PortId,
    pub(super) arvalid: PortId,
    pub(super) rready: PortId,
    pub(super) awready: PortId,
    pub(super) wready: PortId,
    pub(super) bvalid: PortId,
    pub(super) arready: PortId,
    pub(super) rvalid: PortId,
    pub(super) rdata: PortId,
}

/// A channel on which a master asks.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) valid: PortId,
    pub(super) ready: PortId,
    pub(super) addr: PortId,
    pub(super) len: PortId,
    pub(super) size: PortId,
    pub(super) burst: PortId,
}

/// Signals of an AXI4 master port.
#[derive(Debug)]
pub(super) struct Master {
    pub(super) ar: Ask,
    pub(super) aw: Ask,
    pub(super) rvalid: PortId,
    pub(super) rready: PortId,
    pub(super) rdata: PortId,
    pub(super) rresp: PortId,
    pub(super) rlast: PortId,
    pub(super) wvalid: PortId,
    pub(super) wready: PortId,
    pub(super) wdata: PortId,
    pub(super) wstrb: PortId,
    pub(super) wlast: PortId,
    pub(super) bvalid: PortId,
    pub(super) bready: PortId,
    pub(super) bresp: PortId,
}

/// All ports of the module `satkit`.
#[derive(Debug)]
pub(super) struct Top {
    pub(super) clock: PortId,
    pub(super) reset: PortId,
    pub(super) interrupt: PortId,
    pub(super) ddr_calibrated: PortId,
    pub(super) git_hash: PortId,
    pub(super) build_date: PortId,
    pub(super) lite: Lite,
    pub(super) masters: Vec<Master>,
    /// The masters' requests.
    pub(super) strobes: Vec<PortId>,
}

impl Top {
    /// The ports of a card with so many masters.
    ///
    /// # Errors
    /// [`RtlError::Port`] for one that the design lacks.
    pub(super) fn of(model: &Model, masters: usize) -> Result<Self, RtlError> {
        let port = |name: &str| model.port(name);
        let lite = |signal: &str| model.port(&format!("s_axi_control_{signal}"));
        let masters: Vec<Master> =
            (0..masters).map(|index| master(model, index)).collect::<Result<_, _>>()?;
        Ok(Self {
            clock: port("clock")?,
            reset: port("reset")?,
            interrupt: port("interrupt")?,
            ddr_calibrated: port("ddr_calibrated")?,
            git_hash: port("git_hash")?,
            build_date: port("build_date")?,
            lite: Lite {
                awaddr: lite("awaddr")?,
                awvalid: lite("awvalid")?,
                wdata: lite("wdata")?,
                wstrb: lite("wstrb")?,
                wvalid: lite("wvalid")?,
                bready: lite("bready")?,
                araddr: lite("araddr")?,
                arvalid: lite("arvalid")?,
                rready: lite("rready")?,
                awready: lite("awready")?,
                wready: lite("wready")?,
                bvalid: lite("bvalid")?,
                arready: lite("arready")?,
                rvalid: lite("rvalid")?,
                rdata: lite("rdata")?,
            },
            strobes: masters.iter().flat_map(|m| [m.ar.valid, m.aw.valid]).collect(),
            masters,
        })
    }
}

fn master(model: &Model, index: usize) -> Result<Master, RtlError> {
    let port = |signal: &str| model.port(&format!("m_axi_{index}_{signal}"));
    let ask = |channel: &str| {
        Ok::<_, RtlError>(Ask {
            valid: port(&format!("{channel}valid"))?,
            ready: port(&format!("{channel}ready"))?,
            addr: port(&format!("{channel}addr"))?,
            len: port(&format!("{channel}len"))?,
            size: port(&format!("{channel}size"))?,
            burst: port(&format!("{channel}burst"))?,
        })
    };
    Ok(Master {
        ar: ask("ar")?,
        aw: ask("aw")?,
        rvalid: port("rvalid")?,
        rready: port("rready")?,
        rdata: port("rdata")?,
        rresp: port("rresp")?,
        rlast: port("rlast")?,
        wvalid: port("wvalid")?,
        wready: port("wready")?,
        wdata: port("wdata")?,
        wstrb: port("wstrb")?,
        wlast: port("wlast")?,
        bvalid: port("bvalid")?,
        bready: port("bready")?,
        bresp: port("bresp")?,
    })
}
