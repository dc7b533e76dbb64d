// Drives `vector_rows`. Standard input holds 32-bit words: channels, count, loss scale; then, row by row, the cycles until the next row,
// the label, and 16 words of elements. Standard output gets 0 and an element, bit 16 of which says that it is its row's last; or 1, a
// loss and a class; and what is due comes within so many cycles after the last row.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>

static bool word(uint32_t& value) { return fread(&value, sizeof value, 1, stdin) == 1; }
static void put(uint32_t value) { fwrite(&value, sizeof value, 1, stdout); }

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    uint32_t value = 0, gap = 0;
    const auto step = [&] {
        dut->clock = 0;
        dut->eval();
        if (dut->gradient_valid) {
            put(0);
            put(dut->gradient | (uint32_t)dut->gradient_last << 16);
        }
        if (dut->pair_valid) {
            put(1);
            put((uint32_t)dut->pair);
            put((uint32_t)(dut->pair >> 32));
        }
        dut->clock = 1;
        dut->eval();
    };
    word(value);
    dut->channels = value;
    word(value);
    dut->count = value;
    word(value);
    dut->loss_scale = value;
    for (bool more = word(gap); more;) {
        word(value);
        dut->label = value;
        for (int i = 0; i < 16; ++i) {
            word(value);
            dut->beat[i] = value;
        }
        dut->start = 1;
        step();
        dut->start = 0;
        for (int i = 0; i < 16; ++i) dut->beat[i] = 0xDEADBEEF;
        dut->label = 0;
        const uint32_t wait = gap;
        more = word(gap);
        for (uint32_t i = 1; i < (more ? wait : LATENCY); ++i) step();
    }
    dut->final();
    return 0;
}
