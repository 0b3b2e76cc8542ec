from dataclasses import replace
from datetime import date
from pathlib import Path
from demat.sandbox.scenario import Autorite, Budget as SB, Compte, Scenario
from tests.acceptance.conftest import Budget, Commune
import json
S = "123456789"
def test_helios(open_mairie, shared):
    b = dict(id_post="034000", siret="12345678912345", cod_col="123", cod_bud="12")
    for i, n in enumerate(["HELIOS_SIMU_ALR2_1496987735_826268894.xml","HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml","PESALR2_49101169800000_171227_2045.xml"]):
        sc = Scenario(autorites=(Autorite(siren="491011698", budgets=(SB(**b),)),), comptes=(Compte(siren="491011698"),))
        m = open_mairie(Commune(siren="491011698", budgets=(Budget(libelle="COMMUNE", **b),)), sc, name=f"m{i}")
        m.drop(shared/"real/helios"/n)
        a, c = m.play()
        print(a, c)
        for f in m.flows():
            print(json.dumps(m.show(f["id"]), ensure_ascii=False, indent=1))
            print(m.demat("show", f"D{f['deposit']}", "--json").stdout)
        print(m.returned())
        print(m.sandbox.ledger())
        print([str(p.relative_to(m.folder)) for p in m.folder.rglob("*")])
def test_actes(open_mairie, shared):
    sc = Scenario(tdt_classification=date(2017,11,13), ministry_classification=date(2017,11,13), autorites=(Autorite(siren="491011698", departement="034"),), comptes=(Compte(siren="491011698"),))
    m = open_mairie(Commune(siren="491011698", departement="034"), sc)
    R = shared/"real/actes"
    print(m.demat("classification", "--install", R/"classification.xml", "--nature","DE","--matiere","3.2","--json"))
    st = "034-491011698-20171207-CL20171227_06-DE-1-1_"
    m.drop(R/f"{st}0.xml", R/f"{st}1.pdf", into="acte")
    a, c = m.play()
    print(a, c)
    for f in m.flows():
        print(json.dumps(m.show(f["id"]), ensure_ascii=False, indent=1))
        print(m.demat("show", f"D{f['deposit']}", "--json").stdout)
    print(m.returned())
    print(m.sandbox.ledger())
    print([str(p.relative_to(m.folder)) for p in m.folder.rglob("*")])
