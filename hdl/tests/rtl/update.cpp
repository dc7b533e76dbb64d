// Drives the update unit cycle by cycle. Standard input holds commands of 32-bit words, standard output gets what comes out, each
// with its cycle. Vectors are as many words as their bits need.
//
// 0: settings; flags from bit 0 up in the order of the ports, m_log2, n, then the five FP32 ones
// 1: a beat; valid, w, v, dw, half
// 2: so many cycles without a beat
// 3: a cycle of reset
// 4: prints the counters: cycle, 3, parameters, groups (two words each)
//
// Output: cycle, 0, valid, w, v; cycle, 1, slots, values, positions for FF; cycle, 2, the same for BP.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

static const auto context = std::make_unique<VerilatedContext>();
static const auto dut = std::make_unique<Vdut>(context.get());
static uint32_t cycle = 0;

static uint32_t word() {
    uint32_t value;
    if (fread(&value, sizeof value, 1, stdin) != 1) exit(2);
    return value;
}

static void put(uint32_t value) { fwrite(&value, sizeof value, 1, stdout); }

template <size_t N> static void take(VlWide<N>& port) {
    for (size_t i = 0; i < N; ++i) port[i] = word();
}
static void take(QData& port) {
    const uint64_t low = word();
    port = low | (uint64_t)word() << 32;
}
static void take(IData& port) { port = word(); }

template <size_t N> static void give(const VlWide<N>& port) {
    for (size_t i = 0; i < N; ++i) put(port[i]);
}
static void give(const QData& port) {
    put((uint32_t)port);
    put((uint32_t)(port >> 32));
}
static void give(const IData& port) { put(port); }

static void step() {
    dut->clock = 0;
    dut->eval();
    if (dut->new_valid) {
        put(cycle);
        put(0);
        put(dut->new_valid);
        give(dut->new_w);
        give(dut->new_v);
    }
    if (dut->ff_valid) {
        put(cycle);
        put(1);
        put(dut->ff_slots);
        give(dut->ff_values);
        give(dut->ff_positions);
    }
    if (dut->bp_valid) {
        put(cycle);
        put(2);
        put(dut->bp_slots);
        give(dut->bp_values);
        give(dut->bp_positions);
    }
    dut->clock = 1;
    dut->eval();
    ++cycle;
}

int main() {
    uint32_t command;
    while (fread(&command, sizeof command, 1, stdin) == 1) {
        switch (command) {
        case 0: {
            const uint32_t flags = word();
            dut->prune_only = flags & 1;
            dut->skip = flags >> 1 & 1;
            dut->srste = flags >> 2 & 1;
            dut->make_ff = flags >> 3 & 1;
            dut->make_bp = flags >> 4 & 1;
            dut->prune_ff = flags >> 5 & 1;
            dut->prune_bp = flags >> 6 & 1;
            dut->mask_bp = flags >> 7 & 1;
            dut->m_log2 = word();
            dut->n = word();
            dut->inverse_loss_scale = word();
            dut->lambda = word();
            dut->weight_decay = word();
            dut->momentum = word();
            dut->learning_rate = word();
            break;
        }
        case 1:
            dut->valid = word();
            take(dut->w);
            take(dut->v);
            take(dut->dw);
            take(dut->half);
            step();
            dut->valid = 0;
            break;
        case 2:
            for (uint32_t left = word(); left > 0; --left) step();
            break;
        case 3:
            dut->reset = 1;
            step();
            dut->reset = 0;
            break;
        case 4:
            put(cycle);
            put(3);
            give(dut->parameters);
            give(dut->groups);
            break;
        default: return 3;
        }
    }
    dut->final();
    return 0;
}
