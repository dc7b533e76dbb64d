// Drives `vector_lanes` with memories for rings. Standard input holds instructions of 32-bit words: SHAPE and VE of 8 words each, lanes,
// in which of 16 cycles in turn these take (a bit each), elements, beats of A and of B; then those beats. Standard output gets 1 if the
// instruction is refused, else 0; then all that is written, ring, beat and 16 words each; then a word of ones. What nobody has is read as
// anything.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

constexpr uint32_t A = 0x1000, B = 0x20000, X = 0x40000, Y = 0x60000;

static bool word(uint32_t& value) { return fread(&value, sizeof value, 1, stdin) == 1; }
static void put(uint32_t value) { fwrite(&value, sizeof value, 1, stdout); }

template <size_t N> static void read(VlWide<N>& port, const std::vector<uint32_t>& from, uint32_t base, uint32_t at) {
    for (size_t i = 0; i < N; ++i) {
        const size_t index = (size_t)(at - base) * N + i;
        port[i] = at >= base && index < from.size() ? from[index] : 0xDEADBEEF;
    }
}

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    uint32_t value;
    uint32_t late[2][2] = {};
    while (word(value)) {
        dut->shape[0] = dut->next_shape[0] = value;
        for (int i = 1; i < 8; ++i) {
            word(value);
            dut->shape[i] = dut->next_shape[i] = value;
        }
        for (int i = 0; i < 8; ++i) {
            word(value);
            dut->own[i] = dut->next_own[i] = value;
        }
        uint32_t lanes, pace, elements, a_beats, b_beats;
        word(lanes);
        word(pace);
        word(elements);
        word(a_beats);
        word(b_beats);
        std::vector<uint32_t> a(a_beats * 16), b(b_beats * 16);
        for (auto* all : {&a, &b}) {
            for (uint32_t& value : *all) word(value);
        }
        dut->has_next_shape = dut->has_next_tensors = 1;
        dut->read_at_0 = A;
        dut->read_at_1 = B;
        dut->write_at_0 = X;
        dut->write_at_1 = Y;
        dut->count = lanes;
        dut->clock = 0;
        dut->eval();
        put(dut->refuse);
        const uint32_t takes = dut->refuse ? 0 : elements / lanes;
        uint32_t taken = 0;
        for (uint32_t cycle = 0, after = 0; after <= LATENCY; ++cycle) {
            dut->take = taken < takes && (pace >> cycle % 16 & 1);
            dut->first = (uint64_t)taken * lanes;
            dut->last = dut->take && taken + 1 == takes;
            if (taken == takes) ++after;
            taken += dut->take;
            read(dut->read_data_0, a, A, late[0][1]);
            read(dut->read_data_1, b, B, late[1][1]);
            dut->clock = 0;
            dut->eval();
            const uint32_t asked[2] = {dut->read_address_0, dut->read_address_1};
            for (int ring = 0; ring < 2; ++ring) {
                late[ring][1] = late[ring][0];
                late[ring][0] = asked[ring];
            }
            if (dut->write_0) {
                put(0);
                put(dut->write_address_0 - X);
                for (int i = 0; i < 16; ++i) put(dut->write_data_0[i]);
            }
            if (dut->write_1) {
                put(1);
                put(dut->write_address_1 - Y);
                for (int i = 0; i < 16; ++i) put(dut->write_data_1[i]);
            }
            dut->clock = 1;
            dut->eval();
        }
        put(0xFFFFFFFF);
    }
    dut->final();
    return 0;
}
