// Drives a pipelined block with one operation per cycle and compares what comes out. Records come from standard input, three
// 32-bit words each: two inputs and the output that is due LATENCY rising edges later.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

struct Record {
    uint32_t a, b, expected;
};

static std::vector<Record> block(1 << 16);
static size_t filled = 0, taken = 0;

static bool next(Record& record) {
    if (taken == filled) {
        filled = fread(block.data(), sizeof(Record), block.size(), stdin);
        taken = 0;
        if (filled == 0) return false;
    }
    record = block[taken++];
    return true;
}

int main() {
    const auto context = std::make_unique<VerilatedContext>();
    const auto dut = std::make_unique<Vdut>(context.get());
    Record waiting[LATENCY] = {};
    uint64_t given = 0, compared = 0, wrong = 0;
    bool more = true;
    for (uint64_t cycle = 0; more || compared < given; ++cycle) {
        Record record = {};
        more = more && next(record);
        Record& slot = waiting[cycle % LATENCY];
        slot = record;
        given += more;
        dut->INPUT_A = record.a;
#ifdef INPUT_B
        dut->INPUT_B = record.b;
#endif
        dut->clock = 0;
        dut->eval();
        dut->clock = 1;
        dut->eval();
        // This edge was the LATENCY-th of the record that was given LATENCY - 1 cycles ago.
        if (cycle + 1 < LATENCY || compared == given) continue;
        const Record& due = waiting[(cycle + 1) % LATENCY];
        if (dut->OUTPUT != due.expected && ++wrong <= 10) {
            printf("%08x, %08x: got %08x, expected %08x\n", due.a, due.b, (unsigned)dut->OUTPUT, due.expected);
        }
        ++compared;
    }
    dut->final();
    printf("%llu of %llu wrong\n", (unsigned long long)wrong, (unsigned long long)compared);
    return wrong != 0;
}
