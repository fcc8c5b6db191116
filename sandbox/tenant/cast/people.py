"""The people whom the demo names; each is a user of the tenant with a mailbox."""

from sandbox.tenant.cast.making import person

ADA = person("Ada Eriksen", "ada.eriksen", job_title="Engineer", department="Finance")
BO = person("Bo Nakamura", "bo.nakamura", job_title="Team Lead", department="Finance")
CHIARA = person("Chiara Conti", "chiara.conti", job_title="Engineer", department="Logistics")
DMITRI = person("Dmitri Ivanov", "dmitri.ivanov", job_title="Security Analyst", department="Security")
EUN_JI = person("Eun-ji Li", "eun-ji.li", job_title="Administrator", department="IT Operations")
FATIMA = person("Fatima Qureshi", "fatima.qureshi", job_title="Architect", department="Cloud Platform")
GORAN = person("Goran Žižek", "goran.zizek", job_title="Administrator", department="Human Resources")
ROSA = person("Rosa O'Neill", "rosa.oneill", job_title="Operator", department="Cloud Platform")

PEOPLE = (ADA, BO, CHIARA, DMITRI, EUN_JI, FATIMA, GORAN, ROSA)
