// Drives `vector_loss` with memories for rings. Standard input holds instructions of 32-bit words: channels, rows, whether there is a
// gradient, elements in a cycle, cycles between them; then 16 words of each row, the labels in beats, and the beat of numbers. Standard
// output gets ring, beat and 16 words of all that is written. What nobody asks for is read as anything.

#include "Vdut.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

constexpr uint32_t LOGITS = 0x1000, LABELS = 0x2345, NUMBERS = 0x333;

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
    uint32_t channels, rows, gradient, lanes, apart;
    // Addresses on their way.
    uint32_t late[3][2] = {};
    while (word(channels) && word(rows) && word(gradient) && word(lanes) && word(apart)) {
        std::vector<uint32_t> logits(rows * 16), labels((rows + 15) / 16 * 16), numbers(16);
        for (auto* all : {&logits, &labels, &numbers}) {
            for (uint32_t& value : *all) word(value);
        }
        dut->channels = channels;
        dut->batch = rows;
        dut->has_gradient = gradient;
        dut->read_at_0 = LOGITS;
        dut->read_at_1 = LABELS;
        dut->read_at_2 = NUMBERS;
        dut->write_at_0 = 0x10000;
        dut->write_at_1 = 0x20000;
        const uint32_t takes = rows * 32 / lanes;
        for (uint32_t cycle = 0; cycle < (takes - 1) * apart + LATENCY; ++cycle) {
            const uint32_t at = cycle / apart;
            dut->take = cycle % apart == 0 && at < takes;
            dut->starts = at == 0;
            dut->position = at * lanes % 32;
            read(dut->read_data_0, logits, LOGITS, late[0][1]);
            read(dut->read_data_1, labels, LABELS, late[1][1]);
            read(dut->read_data_2, numbers, NUMBERS, late[2][1]);
            dut->clock = 0;
            dut->eval();
            const uint32_t asked[3] = {dut->read_address_0, dut->read_address_1, dut->read_address_2};
            for (int ring = 0; ring < 3; ++ring) {
                late[ring][1] = late[ring][0];
                late[ring][0] = dut->take ? asked[ring] : 0;
            }
            if (dut->write_0) {
                put(0);
                put(dut->write_address_0 - 0x10000);
                for (int i = 0; i < 16; ++i) put(dut->write_data_0[i]);
            }
            if (dut->write_1) {
                put(1);
                put(dut->write_address_1 - 0x20000);
                for (int i = 0; i < 16; ++i) put(dut->write_data_1[i]);
            }
            dut->clock = 1;
            dut->eval();
        }
    }
    dut->final();
    return 0;
}
